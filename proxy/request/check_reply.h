// What the reply's head says, and what its body says of the request.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Whether the reply whose head has come may go to the caller at all.
[[nodiscard]] Result<void> check_reply(Exchange& exchange);
void hear_outcome(Exchange& exchange, std::string_view bytes);

} // namespace ledgergate
