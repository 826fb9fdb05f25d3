// What networks hold together.
#pragma once

#include "base/address.h"

#include <vector>

namespace ledgergate {

// Whether they hold at least half of all IPv4 addresses, or of the IPv6 ones that are given out (2000::/3): a list that is meant to
// single somebody out does not.
[[nodiscard]] bool hold_half_of_all(const std::vector<Cidr>& networks);

} // namespace ledgergate
