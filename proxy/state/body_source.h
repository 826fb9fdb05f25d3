// The request body, decoded of its framing.
#pragma once

#include "base/error.h"
#include "io/stream.h"

#include <cstdint>
#include <string_view>

namespace ledgergate {

class BodySource {
public:
  // done: `bytes` (never empty) are handed over and stay good until the next call. ended: the body is complete. blocked: call
  // want() and wait for kClientIn. failed: error().
  virtual io::Step pull(std::string_view& bytes) = 0;
  virtual void want() = 0;
  // Largest body that is taken, in bytes; 0: no bound. Beyond it pull() fails with body_too_large.
  virtual void limit(std::uint64_t bytes) = 0;
  // The caller may send now: 100 (Continue) goes out if it waits for it.
  virtual void invite() = 0;
  [[nodiscard]] virtual Error error() const = 0;
  [[nodiscard]] virtual bool complete() const = 0;
  // After kClientIn while the body is complete: the caller is known to have broken its connection.
  [[nodiscard]] virtual bool caller_gone() = 0;
  // The same for a caller that waits in line, whose request the server has not seen: the end of its side counts, too.
  [[nodiscard]] virtual bool caller_left() = 0;

protected:
  ~BodySource() = default;
};

} // namespace ledgergate
