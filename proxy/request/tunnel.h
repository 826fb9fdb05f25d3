// Behind a verified 101: both ways until both ends, a break, or silence for `timeouts.tunnel`.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

io::Task<Result<void>> tunnel(Exchange& exchange, io::Stream& server);

} // namespace ledgergate
