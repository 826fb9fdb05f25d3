// The turn at a server that is asked in turn.
#pragma once

#include "io/task.h"
#include "state/exchange.h"
#include "upstream/turns.h"

namespace ledgergate {

// Where the server may have any number of requests: to be held as long as this one is there. Held by nobody where it is asked in
// turn; the newest settings say that, since nobody's old ones bring a second request.
[[nodiscard]] upstream::Turn pass(const Exchange& exchange);
// The wait for a turn. Errors: queue_full, queue_timeout, client_gone.
io::Task<Result<upstream::Turn>> take_turn(Exchange& exchange);

} // namespace ledgergate
