// The request to the server.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

enum class Sent : std::uint8_t { whole, early_reply };
io::Task<Result<Sent>> send_request(Exchange& exchange, io::Stream& server, BodySource& body, http::Framing framing);

} // namespace ledgergate
