// Failed logins and what follows: bans of (address, account), each twice as long as the one before, that end by themselves; and for
// an account that many addresses try at once a slower pace, which a stranger can't turn into a lock for its owner.
//
// Invariants: at most kMost of each kind are remembered, the one touched longest ago goes first: a flood of invented names must not
// make the edge forget whom it has banned, nor who logged in lately, so these are kept apart from those that only failed.
// Everything is guarded by lock_, held for a look-up and never across a loop. Time is passed in, in nanoseconds of a clock that
// never goes back.
#pragma once

#include "base/address.h"
#include "client/meter.h"
#include "client/recent.h"
#include "settings/identity.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::client {

class Lockout {
public:
  static constexpr std::size_t kMost = 16'384;
  // An address that logged in this long ago is not slowed down by what others do to its account.
  static constexpr Nanos kTrusted = Nanos{24} * 3'600 * 1'000'000'000;
  // Beyond `failures` of all addresses together an account is tried once in this time.
  static constexpr Nanos kPace = 2'000'000'000;

  enum class Verdict : std::uint8_t { go_on, banned, slowed };
  struct Decision {
    Verdict verdict = Verdict::go_on;
    Nanos wait = 0;       // until it may be tried again
    bool trusted = false; // it logged in from there lately
  };
  // Before a login is looked at. `account` is the name the caller gave, "" for a key.
  [[nodiscard]] Decision may_try(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);
  // The same without a trace, for a login that was right before: whether it would be refused as banned now.
  [[nodiscard]] bool is_banned(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);
  // A login failed. The length of the ban that begins with it, or 0.
  Nanos failed(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);
  // `certain`: the password was seen to be right, so that earlier failures were slips. What only looks like it (a page of a server
  // that may be public) spares the pair from being slowed down, and forgives nothing.
  void succeeded(const IpAddress& ip, std::string_view account, Nanos now, bool certain = true);

  struct Ban {
    IpAddress ip;
    std::string account;
    Nanos left = 0;
    std::uint32_t times = 0; // how often it was banned, this time included
  };
  [[nodiscard]] std::vector<Ban> bans(Nanos now) const;
  struct Totals {
    std::size_t banned = 0;               // now
    std::uint64_t bans = 0, failures = 0; // ever
  };
  [[nodiscard]] Totals totals(Nanos now) const;
  // Lifts all bans of this address; how many there were.
  std::size_t lift(const IpAddress& ip, Nanos now);

  struct Slowed {
    std::string account;
    Nanos left = 0; // until it ends by itself
    std::uint32_t failures = 0;
  };
  // The accounts that are tried once in kPace.
  [[nodiscard]] std::vector<Slowed> slowed(const settings::Lockout& rules, Nanos now) const;
  // Forgets the failures of this account, of all addresses together; bans stay. Whether it was slowed down.
  bool lift(const settings::Lockout& rules, std::string_view account, Nanos now);

private:
  using Key = std::pair<IpAddress, std::string>;
  struct Pair {
    std::uint32_t failures = 0; // since `first`
    std::uint32_t bans = 0;     // so far, forgotten after a quiet time of `longest`
    Nanos first = 0, last = 0;
    Nanos banned_until = 0;
  };
  struct Account {
    Bucket pace;
    std::uint32_t failures = 0;
    Nanos first = 0;
  };
  [[nodiscard]] static bool is_slowed(const settings::Lockout& rules, const Account& account, Nanos now) noexcept;

  mutable std::mutex lock_;
  Recent<Key, Pair> suspects_{kMost}; // failed, and never banned
  Recent<Key, Pair> banned_{kMost};   // now or earlier
  Recent<Key, Nanos> trusted_{kMost}; // when it logged in
  Recent<std::string, Account> accounts_{kMost};
  std::uint64_t bans_ = 0, failures_ = 0; // ever
};

} // namespace ledgergate::client
