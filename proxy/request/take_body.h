// Which bodies are kept whole at the edge, and the caller's, taken whole into `spool`.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] bool spools_request(const Exchange& exchange);
[[nodiscard]] bool spools_reply(const Exchange& exchange);
// Sets `framing`.
io::Task<Result<void>> take_body(Exchange& exchange);

} // namespace ledgergate
