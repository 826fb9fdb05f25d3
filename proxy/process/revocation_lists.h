// The files of the revocation lists that the settings name: whether there are any, and whether one has been written.
#pragma once

#include "settings/settings.h"

#include <string>

namespace ledgergate {

[[nodiscard]] bool has_revocation_lists(const settings::Settings& settings);

// Names, sizes and times of the files, or why they can't be found: another text when one of them has been written, is gone, has
// come, or when its permissions have changed.
[[nodiscard]] std::string state_of_revocation_lists(const settings::Settings& settings);

} // namespace ledgergate
