// A place at a server, given back when the server is done with it, and not before: by a story of its own, so that the caller does
// not wait for it (DESIGN "Concurrency").
#pragma once

#include "exchange.h"
#include "upstream/turns.h"

namespace ledgergate {

// The reply is complete, or what is left of it is of no interest: closed in two steps, the server's FIN is waited for (1 s at
// most), so that it never sees two connections. Takes both over. Loop thread.
io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn);

// The exchange ended with a failure: gives the place back at once when nothing of the request has left; holds it while the server
// may be at work on the request; else as above. The bytes that come next from `server` are the reply's, from its head on, or with
// `x.arriving` from where its body stands.
void leave_place(Exchange& x, io::Stream::Ptr server, upstream::Turn turn, Cause failure);

} // namespace ledgergate
