#include "base/networks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ledgergate {

bool hold_half_of_all(const std::vector<Cidr>& networks) {
  constexpr unsigned kGivenOut = 3; // bits of 2000::/3
  const Cidr given_out{IpAddress{true, {0x20}}, kGivenOut};
  std::uint64_t v4 = 0, v6 = 0; // of 2^32 addresses, and of 2^61 networks of 64 bits
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const Cidr& each = networks[i];
    const bool again = std::any_of(networks.begin(), networks.end(), [&](const Cidr& other) {
      const auto at = static_cast<std::size_t>(&other - networks.data());
      return at != i && other.contains(each.base) && (other.prefix < each.prefix || (other.prefix == each.prefix && at < i));
    });
    if (again) continue;
    if (!each.base.v6)
      v4 += std::uint64_t{1} << (32U - each.prefix);
    else if (each.prefix <= kGivenOut)
      v6 += each.contains(given_out.base) ? std::uint64_t{1} << 61U : 0;
    else if (given_out.contains(each.base) && each.prefix <= 64)
      v6 += std::uint64_t{1} << (64U - each.prefix);
  }
  return v4 >= std::uint64_t{1} << 31U || v6 >= std::uint64_t{1} << 60U;
}

} // namespace ledgergate
