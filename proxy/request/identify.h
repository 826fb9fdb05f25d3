// Who calls.
#pragma once

#include "io/task.h"
#include "state/exchange.h"
#include "state/snapshot.h"

namespace ledgergate {

// Errors: login_required, login_failed, certificate_required, locked_out, rate_limited, no_capacity.
io::Task<Result<void>> identify(Exchange& exchange);
// Whether a client that this route takes can prove itself in one of these ways; whether a Basic login is one that is asked for.
[[nodiscard]] bool route_takes(const Exchange& exchange, settings::Proofs proofs);
[[nodiscard]] bool challenges_basic(const Exchange& exchange);
// The same by other settings, for a caller that was let in by those of `before`: by what can be said at once. A password is right
// while its hash is the one it was verified against. Counts nothing.
[[nodiscard]] Result<void> identify_again(Exchange& exchange, const Snapshot& before);

} // namespace ledgergate
