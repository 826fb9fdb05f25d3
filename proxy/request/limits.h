// What address, client and route may ask in a time and at once.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Errors of all: rate_limited. Each at most once a request; limit_address() looks after that itself.
[[nodiscard]] Result<void> limit_address(Exchange& exchange);
[[nodiscard]] Result<void> limit_client(Exchange& exchange);
[[nodiscard]] Result<void> limit_route(Exchange& exchange);
// The caller is known: its address is not what binds it.
void release_address(Exchange& exchange) noexcept;
// At the end: the bytes that passed are charged, what was counted as open is given back.
void account(Exchange& exchange) noexcept;

} // namespace ledgergate
