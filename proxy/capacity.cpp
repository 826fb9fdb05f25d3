#include "capacity.h"

#include "base/directory.h"

#include <sys/resource.h>

namespace ledgergate {

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

DescriptorShares shares_of_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  int failure = 0;
  return share_descriptors(limit.rlim_cur, names_in("/proc/self/fd", failure).size());
}

} // namespace ledgergate
