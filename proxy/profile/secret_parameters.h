// Parameters of a URL that are secrets before a kind of server, and nowhere else: the log masks their values.
#pragma once

#include "settings/settings.h"

#include <span>
#include <string_view>

namespace ledgergate::profile {

// In lower case, letters and digits alone.
[[nodiscard]] std::span<const std::string_view> secret_parameters(settings::Profile profile) noexcept;
// Those of all kinds, for a request of which nobody knows where it would have gone.
[[nodiscard]] std::span<const std::string_view> all_secret_parameters() noexcept;

} // namespace ledgergate::profile
