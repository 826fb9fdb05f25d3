// Failed logins of one kind, and the bans that followed: of an address with one account, or of an address with all of them.
//
// Pure. Time is passed in. Invariants: a ban begins with the failure that reaches the bound, and the count begins anew behind it;
// what failed while it was banned counts for nothing; how many bans there were is forgotten when `longest` has passed since the
// last failure and the end of the last ban: a ban is no quiet time.
#pragma once

#include "client/nanos.h"
#include "settings/identity.h"

#include <cstdint>

namespace ledgergate::client {

struct Tally {
  std::uint32_t failures = 0; // since `first`
  std::uint32_t bans = 0;     // so far
  Nanos first = 0;
  Nanos quiet_since = 0;
  Nanos banned_until = 0;

  [[nodiscard]] bool banned(Nanos now) const noexcept { return banned_until > now; }
  // Those that count still.
  [[nodiscard]] std::uint32_t counted(const settings::Lockout& rules, Nanos now) const noexcept;
  // One more. The length of the ban that begins with it (`most` are too many), or 0.
  Nanos fail(const settings::Lockout& rules, std::uint32_t most, Nanos now) noexcept;
  [[nodiscard]] bool empty() const noexcept { return failures == 0 && bans == 0; }
  // Nothing is left of it that would count.
  [[nodiscard]] bool over(const settings::Lockout& rules, Nanos now) const noexcept;
};

} // namespace ledgergate::client
