// The request to the server.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

enum class Sent : std::uint8_t { whole, early_reply };
// `taken`: how many bytes of the body have been taken from the caller, also where it fails.
io::Task<Result<Sent>> send_request(Exchange& exchange, io::Stream& server, BodySource& body, http::Framing framing,
                                    std::uint64_t& taken);
// Behind an early reply: the rest of a body of stated length. False: not all of it has left within `timeouts.linger`, or will. The
// reply stays in the server's input, which moves.
io::Task<Result<bool>> send_rest(Exchange& exchange, io::Stream& server, BodySource& body);

} // namespace ledgergate
