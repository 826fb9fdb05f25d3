// A place at a server, given back when the server is done with it, and not before: by a story of its own, so that the caller does
// not wait for it (DESIGN "Concurrency").
#pragma once

#include "exchange.h"
#include "upstream/turns.h"

#include <cstddef>
#include <memory>

namespace ledgergate {

// The reply is complete, or what is left of it is of no interest: closed in two steps, the server's FIN is waited for (1 s at
// most), so that it never sees two connections. Takes both over. Loop thread.
io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn);

// The server may be at work on a request that was given up: its place is held until the reply is complete, an mServer was seen idle
// twice or refuses connections, another server's connection is over, or `hold` is. The bytes that come next are the reply's, from
// its head on; `to` is the method of the request. Loop thread.
void hold_place(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t server, io::Stream::Ptr stream,
                upstream::Turn turn, http::Method to);

// The exchange ended with a failure: gives the place back at once when nothing of the request has left; holds it while the server
// may be at work on the request; else as above. The bytes that come next from `server` are the reply's, from its head on, or with
// `x.arriving` from where its body stands.
void leave_place(Exchange& x, io::Stream::Ptr server, upstream::Turn turn, Cause failure);

} // namespace ledgergate
