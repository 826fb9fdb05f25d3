// Where the reply goes.
#pragma once

#include "http/head.h"
#include "io/stream.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate {

class ReplySink {
public:
  // Once, before body(). `framing` is how the body's end is known; `length` counts with ReplyFraming::length.
  virtual void head(const http::ReplyHead& reply, http::BodyKind body, std::uint64_t length) = 0;
  virtual void body(std::string_view bytes) = 0;
  virtual void end() = 0;
  // Hands to the kernel what was gathered: done, blocked (wait for kClientOut) or failed (the caller is gone).
  virtual io::Step flush() = 0;
  // Behind a flush() that was blocked, before the caller is waited for: room that holds nothing is given back.
  virtual void rest() noexcept = 0;
  // Bytes on their way that the caller's machine has not confirmed yet, those that the kernel holds included.
  [[nodiscard]] virtual std::size_t undelivered() const = 0;
  // Takes back all that was given, if not one byte of it has left: a reply may begin anew then. False: too late.
  [[nodiscard]] virtual bool take_back() = 0;
  // The reply can't be completed: the caller must see that (docs/invariants.md, "A broken reply is seen as broken"). Nothing can be
  // sent after it.
  virtual void cut() = 0;
  // A verified 101: hands its head over, and then the caller's connection, which speaks another protocol from here on and ends
  // behind the exchange. Null where a protocol has no such thing. The stream is the connection's.
  virtual io::Stream* switch_protocols(const http::ReplyHead&) { return nullptr; }

protected:
  ~ReplySink() = default;
};

} // namespace ledgergate
