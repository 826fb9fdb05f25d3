// Header values with ${…} variables, cut into parts once, at load.
#pragma once

#include "settings/settings.h"

#include <string>
#include <string_view>

namespace ledgergate::settings {

// Returns "" and sets `out`, or says what is wrong. "$${" stands for "${"; any other '$' for itself. White space around the value
// does not belong to it (RFC 9110 section 5.5).
[[nodiscard]] std::string parse_template(std::string_view text, Template& out);

// "" when a rule may touch this field; else why not. `reply`: among the headers of a reply.
[[nodiscard]] std::string header_name_mistake(std::string_view name, bool reply);

} // namespace ledgergate::settings
