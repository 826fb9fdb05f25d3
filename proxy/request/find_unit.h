// The accounting unit, where the head names it (apicomprem); and the server of `unit`, where the route has servers by unit.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Errors: unit_unknown, bad_request.
[[nodiscard]] Result<void> find_unit(Exchange& exchange);
[[nodiscard]] Result<void> choose_server(Exchange& exchange);

} // namespace ledgergate
