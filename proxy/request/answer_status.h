// The stage of a request for mServer's bare /status: answered from the edge's own question, which all who ask share.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] bool asks_status(const Exchange& exchange);
io::Task<Result<void>> answer_status(Exchange& exchange);

} // namespace ledgergate
