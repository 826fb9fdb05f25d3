// Waiting for the caller to take what was given to it.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

// Waits until the sink has handed everything to the kernel, at the caller's minimum rate. Errors: client_gone,
// client_write_timeout.
io::Task<Result<void>> flush_reply(Exchange& exchange);

} // namespace ledgergate
