// What `request_headers.pass` may let through, said when the settings are loaded (docs/config.md, "Who calls, as the
// server reads it").
#pragma once

#include "settings/settings.h"

#include <string>
#include <vector>

namespace ledgergate::route {

// In words for the administrator: each name that never passes, that a server could take for a front server's word on who calls, or
// that passes anyway.
[[nodiscard]] std::vector<std::string> doubtful_passes(const settings::Settings& settings);

} // namespace ledgergate::route
