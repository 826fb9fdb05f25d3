// The request to its server: connect, send, read the reply, relay. An error before `head_sent` becomes a refusal, one after it a
// cut.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

io::Task<Result<void>> forward(Exchange& exchange);
struct Attempt {
  Result<void> outcome{};
  bool whole = false;     // the server has taken all of the request
  std::uint64_t rest = 0; // where it has not: what the caller still has of a body of stated length, in bytes
  bool again = false;     // nothing is in doubt: a fresh connection may be tried
};
// Sends the request over `server` and waits for the reply's head.
io::Task<Result<Attempt>> exchange_heads(Exchange& exchange, io::Stream& server, bool reused, BodySource& body,
                                         http::Framing framing);

} // namespace ledgergate
