#include "state/capacity.h"

#include "base/directory.h"

#include <sys/resource.h>

#include <algorithm>

namespace ledgergate {

void set_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kMostDescriptors);
  if (limit.rlim_cur == wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int most_descriptors() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMostDescriptors;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kMostDescriptors));
}

DescriptorShares shares_of_descriptors() {
  int failure = 0;
  return share_descriptors(static_cast<std::uint64_t>(most_descriptors()), names_in("/proc/self/fd", failure).size());
}

} // namespace ledgergate
