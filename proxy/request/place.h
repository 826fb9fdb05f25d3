// A place at a server, given back when the server is done with it, and not before: by a story of its own, so that the caller does
// not wait for it (docs/architecture.md, "Take the reply").
#pragma once

#include "http/reply_reader.h"
#include "state/exchange.h"
#include "upstream/turns.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace ledgergate {

struct Keeping; // place.cpp

// The place, with all that it takes to give it on: made before anything is sent, so that however a request ends, for want of memory
// too, nobody else comes to the server while it is at work. Loop thread only.
class Place {
public:
  Place() = default; // none
  // Takes the turn over. Throws std::bad_alloc, and the turn is given back then.
  Place(Services& services, std::shared_ptr<const Generation> generation, std::size_t server, upstream::Turn turn);
  Place(Place&& other) noexcept : keeping_(std::exchange(other.keeping_, nullptr)) {}
  Place& operator=(Place&& other) noexcept;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  // Nothing was sent: it goes to the next one at once.
  ~Place() { give_back(); }
  [[nodiscard]] bool held() const noexcept { return keeping_ != nullptr; }
  void give_back() noexcept;

  // The reply is complete, or what is left of it is of no interest: closed in two steps, the server's FIN is waited for (1 s at
  // most), so that it never sees two connections. Takes the connection over, as the next.
  void give_on(io::Stream::Ptr server) noexcept;
  // The server may be at work on a request that was given up: its place is held until the reply is complete, an mServer was seen
  // idle twice or is gone, another server's connection is over, or `hold` is. The bytes that come next are for `reader`; none: how
  // far the reply has come is not known, so that only its connection's end tells. `request`: its id, for the log; empty: the edge's
  // own question.
  void hold(io::Stream::Ptr server, std::optional<http::ReplyReader> reader, bool mid_reply, std::string_view request) noexcept;

private:
  Keeping* keeping_ = nullptr; // its own story's, which waits to be told
};

// A connection on which the server has said all, and that takes no place: closed in two steps likewise.
io::Detached part_from(Services& services, io::Stream::Ptr server);

// The exchange ended with a failure: gives the place back at once when nothing of the request has left; holds it while the server
// may be at work on the request; else gives it on. The bytes that come next from `server` are the reply's, from its head on, or
// with `x.arriving` from where its body stands.
void leave_place(Exchange& x, io::Stream::Ptr server, Place& place, Cause failure) noexcept;

} // namespace ledgergate
