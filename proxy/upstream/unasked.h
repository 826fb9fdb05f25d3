// What a server says on a connection on which nothing was asked is an answer to nobody (RFC 9112 section 9.2): such a connection
// carries no request.
#pragma once

#include "base/result.h"
#include "io/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace ledgergate::upstream {

// What the kernel holds of the server that the loop has not seen yet; blocked: nothing. A system call. Of TLS it says no more than
// that there are records, and a session ticket is one.
[[nodiscard]] inline io::Step look_ahead(const io::Stream& stream) noexcept {
  char byte = 0;
  const ssize_t held = ::recv(stream.descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (held > 0) return io::Step::done;
  if (held == 0) return io::Step::ended;
  return errno == EAGAIN ? io::Step::blocked : io::Step::failed;
}

// Whether a request may be the first thing that is said on a new connection: its server has neither spoken nor gone, as far as can
// be known by now.
[[nodiscard]] inline Result<void> silent_so_far(io::Stream& stream) noexcept {
  io::Step step = stream.fill();
  if (step == io::Step::blocked && stream.tls() == nullptr) step = look_ahead(stream);
  switch (step) {
  case io::Step::done: return Error{Cause::reply_unparsable, "the server spoke before it was asked"};
  case io::Step::ended: return Error{Cause::upstream_closed, "before it was asked"};
  // The refusal of a client certificate (TLS 1.3) comes behind the handshake, and whoever sends will hear of it.
  case io::Step::failed:
    if (stream.tls() == nullptr) return Error{Cause::upstream_reset, "before it was asked"};
    break;
  case io::Step::blocked: break;
  }
  return {};
}

} // namespace ledgergate::upstream
