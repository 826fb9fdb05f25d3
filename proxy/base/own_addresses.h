// Addresses of this machine's network interfaces, as they are now.
#pragma once

#include "base/address.h"

namespace ledgergate {

// False also when the kernel does not tell.
[[nodiscard]] bool is_own_address(const IpAddress& address);

} // namespace ledgergate
