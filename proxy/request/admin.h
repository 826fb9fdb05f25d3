// The administrator's listener: /metrics, /healthz (admin.cpp), /bans (admin_bans.cpp).
#pragma once

#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] Result<void> answer_admin(Exchange& exchange);
[[nodiscard]] bool asks_bans(const Exchange& exchange);
[[nodiscard]] Result<void> answer_bans(Exchange& exchange);

} // namespace ledgergate
