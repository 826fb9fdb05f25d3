// Opening hours as people write them.
#pragma once

#include "settings/settings.h"

#include <string>
#include <string_view>

namespace ledgergate::settings {

// "Mon-Fri 05:00-23:30", "Sat,Sun 8:00-20:00", "22:00-06:00" (every day): days by their first three letters, in any case; 24:00 is
// an end only; an end before the start is on the next day. Sets `out` and returns "", or says what is wrong.
[[nodiscard]] std::string parse_open_span(std::string_view text, OpenSpan& out);

} // namespace ledgergate::settings
