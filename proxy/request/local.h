// Answers of the edge itself: the redirect to https, ACME challenges.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] Result<void> answer_redirect(Exchange& exchange);
[[nodiscard]] Result<void> answer_challenge(Exchange& exchange);

} // namespace ledgergate
