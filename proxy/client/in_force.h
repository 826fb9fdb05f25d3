// Whether a client is in force at all.
#pragma once

#include "base/result.h"
#include "settings/identity.h"

namespace ledgergate::client {

// Neither switched off nor outside its dates, by the clock. Error: client_disabled.
[[nodiscard]] Result<void> in_force(const settings::Client& client);

} // namespace ledgergate::client
