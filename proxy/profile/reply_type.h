// What POHODA takes from a shop's web service: a reply of the type text/xml, and no other (docs/vendors.md, Shops: its error -4).
#pragma once

#include "http/head.h"
#include "settings/settings.h"

#include <string_view>

namespace ledgergate::profile {

// What is wrong with the type of a reply, as a literal for the log; empty when the caller of this profile can take it. All but
// eshop take everything.
[[nodiscard]] std::string_view wrong_type(settings::Profile profile, const http::ReplyHead& reply) noexcept;

} // namespace ledgergate::profile
