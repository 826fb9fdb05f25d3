// A gzip or deflate body, decoded piece by piece, within bounds. One member, whole, with nothing behind it: what another reader
// could take for more or for less is refused.
//
// Loop thread; the object is meant to be kept, since its state (about 40 KiB) is reused by the next start().
#pragma once

#include "base/result.h"
#include "http/coding.h"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

class Inflater {
public:
  struct Bounds {
    std::uint64_t size = 0;    // decoded bytes; 0: none
    std::uint32_t ratio = 250; // decoded bytes for one of the coded; counts beyond kFreeBytes
  };
  // As long as this the ratio is not looked at: short and very regular XML is no bomb.
  static constexpr std::uint64_t kFreeBytes = 1024 * 1024;

  enum class State : std::uint8_t {
    data,   // `made` bytes were written; call again with the rest of the input
    more,   // all of the input is used up, nothing was written
    failed, // for good: error()
  };
  struct Step {
    State state = State::more;
    std::size_t consumed = 0;
    std::size_t made = 0;
  };

  Inflater() = default;
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Begins a body of that coding, gzip or deflate. Deflate is zlib's format; the bare stream that old .NET and Microsoft software
  // sends under that name is known by its first byte (RFC 9110 section 8.4.1.2 knows of them), and what could be read as either is
  // refused. Error: out_of_memory.
  [[nodiscard]] Result<void> start(Coding coding, Bounds bounds) noexcept;
  // Decodes into `out`, `room` bytes (at least 1).
  [[nodiscard]] Step next(std::string_view in, char* out, std::size_t room) noexcept;
  // Whether the member is whole: what follows would be another one.
  [[nodiscard]] bool ended() const noexcept { return ended_ && !failed_; }
  // No more input will come. Errors: body_unreadable when the coded data is not complete, or that of next().
  [[nodiscard]] Result<void> finish() noexcept;
  // body_unreadable, body_too_large, out_of_memory.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
  z_stream stream_{};
  Bounds bounds_{};
  std::uint64_t taken_ = 0, made_ = 0;   // bytes of this body
  std::array<unsigned char, 5> first_{}; // of a deflate body, for what a reader of bare streams would make of it
  bool made_state_ = false;              // stream_ has its memory
  bool zlib_ = false;                    // read as zlib's format
  bool sniff_ = false;                   // the first byte of a deflate body is still to come
  bool ended_ = false;                   // the coded data is complete
  bool failed_ = false;
  Error error_{};

  Step fail(Error error) noexcept;
  [[nodiscard]] bool window(int bits) noexcept;
  [[nodiscard]] bool two_ways(std::string_view consumed) noexcept;
};

} // namespace ledgergate::http
