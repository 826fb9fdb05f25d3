// The last seconds of connections to servers whose TLS the edge has broken off: the alert that says why has been sent, and a close
// with unread bytes would be a reset, which destroys it. So they are closed in two steps (RFC 9112 section 9.6): FIN, and then what
// still comes is discarded until the server ends its side, has sent kFarewellBytes, or kFarewellMs are over. Nobody waits for them.
//
// Invariants: loop thread only; at most kFarewells of them, the oldest gives way; none is left when the loop has been told to stop.
#pragma once

#include "io/deadline.h"
#include "io/stream.h"

#include <array>
#include <cstddef>

namespace ledgergate::io {

inline constexpr std::size_t kFarewells = 16;
inline constexpr TimeMs kFarewellMs = 2000;
inline constexpr std::size_t kFarewellBytes = 64 * 1024 * 1024;

class Farewells final : public LastKeeper {
public:
  // Of a stream that is broken_in_tls().
  void take(Stream& stream) noexcept override;
  bool close_all() noexcept override;

private:
  class One final : private StreamWatcher, private Deadline {
  public:
    void begin(Stream::Ptr stream) noexcept;
    // True: there was one.
    bool close() noexcept;

  private:
    Stream::Ptr stream_;
    std::size_t discarded_ = 0;
    void stream_woke(Stream& stream) override;
    void expired() noexcept override;
  };
  std::array<One, kFarewells> all_;
  std::size_t next_ = 0;
};

} // namespace ledgergate::io
