#include "client/tally.h"

#include <algorithm>

namespace ledgergate::client {

std::uint32_t Tally::counted(const settings::Lockout& rules, Nanos now) const noexcept {
  return now - first <= nanos(rules.within) ? failures : 0;
}

Nanos Tally::fail(const settings::Lockout& rules, std::uint32_t most, Nanos now) noexcept {
  if (banned(now)) return 0;
  if (bans != 0 && now - quiet_since > nanos(rules.longest)) bans = 0;
  if (counted(rules, now) == 0) {
    first = now;
    failures = 0;
  }
  failures = plus(failures, 1);
  quiet_since = now;
  if (failures < most) return 0;
  const Nanos ban = doubled(nanos(rules.ban), bans, nanos(rules.longest));
  bans = plus(bans, 1);
  failures = 0;
  banned_until = quiet_since = later(now, ban);
  return ban;
}

bool Tally::over(const settings::Lockout& rules, Nanos now) const noexcept {
  if (banned(now) || counted(rules, now) != 0) return false;
  return bans == 0 || now - quiet_since > nanos(rules.longest);
}

} // namespace ledgergate::client
