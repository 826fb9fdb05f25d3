// The reply whose head has come, to the caller: its body as it comes.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

io::Task<Result<void>> relay_reply(Exchange& exchange, io::Stream& server);

} // namespace ledgergate
