// The edge's own questions to servers, as they go on the wire. They carry nothing of any caller's.
#pragma once

#include "settings/settings.h"

#include <string>

namespace ledgergate::profile {

// mserver's bare /status (vendor document 001: without authentication).
[[nodiscard]] std::string status_question(const settings::Server& server);

} // namespace ledgergate::profile
