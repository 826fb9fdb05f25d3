// Whether the caller may come in: identity, permissions by head, limits.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] bool admits_all(const Exchange& exchange); // nothing to ask: the stage is passed over
io::Task<Result<void>> admit(Exchange& exchange);
// What the client itself and the place it comes to allow. Errors: forbidden, client_disabled, address_denied, certificate_required,
// login_required.
[[nodiscard]] Result<void> authorise(const Exchange& exchange);
} // namespace ledgergate
