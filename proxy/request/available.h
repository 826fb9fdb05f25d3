// Opening hours and health of the server.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Errors: server_closed, server_down.
[[nodiscard]] Result<void> available(Exchange& exchange);

} // namespace ledgergate
