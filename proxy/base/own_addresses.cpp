#include "base/own_addresses.h"

#include <ifaddrs.h>
#include <sys/socket.h>

namespace ledgergate {

bool is_own_address(const IpAddress& address) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return false;
  bool found = false;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    const auto own = each->ifa_addr != nullptr ? IpAddress::from(each->ifa_addr) : std::nullopt;
    found = found || own == address;
  }
  ::freeifaddrs(list);
  return found;
}

} // namespace ledgergate
