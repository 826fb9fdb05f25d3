// What the head can decide: normalise, redirect, route; and for a caller that may come in, endpoint and bounds. An error is the
// refusal.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

enum class Way : std::uint8_t { forward, redirect, challenge, admin };
[[nodiscard]] Result<Way> decide(Exchange& exchange);
[[nodiscard]] Result<void> check_request(Exchange& exchange);
// The part of it that rules of the settings decide: endpoint, credentials for the server, the stated length.
[[nodiscard]] Result<void> check_rules(const Exchange& exchange, std::string_view upstream_target);
[[nodiscard]] std::uint64_t body_limit(const Exchange& exchange) noexcept; // bytes; 0: none

} // namespace ledgergate
