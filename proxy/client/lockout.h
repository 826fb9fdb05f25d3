// Failed logins and what follows: bans of (address, account), each twice as long as the one before, that end by themselves; and for
// an account that many addresses try at once a slower pace, which a stranger can't turn into a lock for its owner.
//
// Invariants: at most kMost pairs and kMost accounts are remembered, the one touched longest ago goes first. Everything is guarded
// by lock_, held for a look-up and never across a loop. Time is passed in, in nanoseconds of a clock that never goes back.
#pragma once

#include "base/address.h"
#include "client/meter.h"
#include "settings/identity.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
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
    Nanos wait = 0; // until it may be tried again
  };
  // Before a login is looked at. `account` is the name the caller gave, "" for a key.
  [[nodiscard]] Decision may_try(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);
  // A login failed. The length of the ban that begins with it, or 0.
  Nanos failed(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);
  void succeeded(const IpAddress& ip, std::string_view account, Nanos now);

  struct Ban {
    IpAddress ip;
    std::string account;
    Nanos left = 0;
    std::uint32_t failures = 0;
  };
  [[nodiscard]] std::vector<Ban> bans(Nanos now) const;
  // Lifts all bans of this address; how many there were.
  std::size_t lift(const IpAddress& ip, Nanos now);

private:
  using Key = std::pair<IpAddress, std::string>;
  struct Pair {
    std::uint32_t failures = 0; // since `first`
    std::uint32_t bans = 0;     // so far, forgotten after a quiet time of `longest`
    Nanos first = 0, last = 0;
    Nanos banned_until = 0;
    Nanos succeeded = 0; // 0: never
    std::list<const Key*>::iterator use{};
  };
  struct Account {
    Bucket pace;
    std::uint32_t failures = 0;
    Nanos first = 0;
    std::list<const std::string*>::iterator use{};
  };
  mutable std::mutex lock_;
  std::map<Key, Pair> pairs_;
  std::list<const Key*> pairs_by_use_; // the one touched last at the front
  std::map<std::string, Account, std::less<>> accounts_;
  std::list<const std::string*> accounts_by_use_;

  Pair& touch(const Key& key);
  Account& touch_account(std::string_view account);
};

} // namespace ledgergate::client
