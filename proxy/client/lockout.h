// Failed logins and what follows: bans of (address, account), and of an address with every account, each twice as long as the one
// before, that end by themselves; and for an account that many addresses try at once a slower pace, which a stranger can't turn
// into a lock for its owner.
//
// A guess counts from its beginning: until it is known to be none it stands among the failures, so that a crowd of them at once
// gets no further than one after the other. What was right from there within kTrusted is no guess.
//
// Invariants: everything is bounded (suspects.h, account_paces.h, recent.h), and no flood of invented names makes the edge forget
// whom it has banned, how often somebody failed, or who logged in lately. Everything is guarded by lock_, held for a look-up and
// never across a loop. Time is passed in, in nanoseconds of a clock that never goes back. A Guess must end before its Lockout.
#pragma once

#include "base/address.h"
#include "client/account_paces.h"
#include "client/recent.h"
#include "client/siphash.h"
#include "client/suspects.h"
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
  using Key = std::pair<Source, std::string>; // who, and at which account

public:
  static constexpr std::size_t kMost = 16'384;
  // An address that logged in this long ago is not slowed down by what others do to its account, nor banned for what others there
  // do to other accounts.
  static constexpr Nanos kTrusted = Nanos{24} * 3'600 * 1'000'000'000;
  // Beyond `failures` of all addresses together an account is tried once in this time.
  static constexpr Nanos kPace = 2'000'000'000;
  static constexpr std::size_t kLongestAccount = 64; // bytes; what is longer counts as what it begins with

  Lockout();
  Lockout(const Lockout&) = delete;
  Lockout& operator=(const Lockout&) = delete;

  struct Login {
    IpAddress ip;
    std::string_view client;  // whose certificate was shown, and who is counted in place of its address; "": nobody's
    std::string_view account; // the name the caller gave; "" for a key
    std::string_view secret;  // what is to prove it; only a digest is kept, keyed and this process's alone
    bool nameless = false;    // several accounts may hide behind this name: it is never slowed down
    // A secret that has failed before counts no second time, nor does the first: a branch may have a stale one.
    bool stale_passes = false;
  };
  // busy: as many guesses as may fail are on their way; it may be tried again when one of them has ended.
  enum class Verdict : std::uint8_t { go_on, banned, slowed, busy };
  struct Decision {
    Verdict verdict = Verdict::go_on;
    Nanos wait = 0;       // until it may be tried again
    bool trusted = false; // it logged in from there lately
  };
  struct Failure {
    Nanos ban = 0;         // the length of the ban that begins with it, or 0
    Nanos address_ban = 0; // the same for every account
    bool counted = false;
    bool banned = false; // others had it banned meanwhile: the answer says no more than that
  };

  // One on its way. Ends as a failure, a success, or given back: nothing is known of it.
  class Guess {
  public:
    Guess() = default;
    Guess(Guess&& other) noexcept { *this = std::move(other); }
    Guess& operator=(Guess&& other) noexcept;
    Guess(const Guess&) = delete;
    Guess& operator=(const Guess&) = delete;
    ~Guess() { give_back(); }
    [[nodiscard]] bool open() const noexcept { return lockout_ != nullptr; }
    [[nodiscard]] const std::string& client() const noexcept { return key_.first.client; } // as in Login
    Failure fail(const settings::Lockout& rules, Nanos now);
    // `certain`: the secret was seen to be right, so that earlier failures were slips. What only looks like it (a page of a server
    // that may be public) spares it from being slowed down for as long as it does not fail, and forgives nothing.
    void succeed(const settings::Lockout& rules, Nanos now, bool certain = true);
    void give_back() noexcept;

  private:
    friend class Lockout;
    Lockout* lockout_ = nullptr;
    Key key_;
    std::uint64_t secret_ = 0;
    bool pending_ = false, nameless_ = false, stale_passes_ = false;
    [[nodiscard]] const Source& source() const noexcept { return key_.first; }
    [[nodiscard]] const std::string& account() const noexcept { return key_.second; }
  };
  // Before a login is looked at. With go_on `guess` is open, unless the lock-out is off.
  [[nodiscard]] Decision begin(const settings::Lockout& rules, const Login& login, Nanos now, Guess& guess);
  // Without a trace, for a login that was right before: whether it would be refused as banned now.
  [[nodiscard]] bool is_banned(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now);

  struct Ban {
    IpAddress ip;
    std::string client; // as in Login
    std::string account;
    Nanos left = 0;
    std::uint32_t times = 0;    // how often it was banned, this time included
    bool every_account = false; // but those that logged in from there lately
  };
  [[nodiscard]] std::vector<Ban> bans(Nanos now) const;
  struct Totals {
    std::size_t banned = 0;               // now
    std::uint64_t bans = 0, failures = 0; // ever
  };
  [[nodiscard]] Totals totals(Nanos now) const;
  struct Lifted {
    std::size_t bans = 0;
    std::vector<std::string> freed, slowed; // accounts that it had tried: slowed down no more; still slowed, by what others did
  };
  // Lifts all bans of this address and forgets its failures, also where they slow an account down.
  Lifted lift(const settings::Lockout& rules, const IpAddress& ip, Nanos now);

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
  struct Right {
    std::uint64_t secret = 0; // a digest; 0: none
    Nanos when = 0;
  };
  struct Seen {
    std::string account;
    Right right;
  };
  struct Trust {
    bool trusted = false, certain = false; // it logged in from there lately
    bool same_secret = false;              // with this
  };
  [[nodiscard]] std::uint64_t digest(const Login& login) const noexcept;
  [[nodiscard]] Trust trust(const Guess& guess, Nanos now); // these under lock_
  [[nodiscard]] Decision judge(const settings::Lockout& rules, const Guess& guess, Trust in, Nanos now);
  void reserve(const settings::Lockout& rules, Guess& guess, bool certain, Nanos now);
  void release(const Guess& guess) noexcept;
  void distrust(const Guess& guess) noexcept;
  [[nodiscard]] static bool passes_as_stale(Suspect& suspect, std::uint64_t secret);
  Failure fail(const settings::Lockout& rules, Guess& guess, Nanos now);
  void succeed(const settings::Lockout& rules, Guess& guess, Nanos now, bool certain);
  void remember(const settings::Lockout& rules, const Guess& guess, Nanos now, bool certain);

  mutable std::mutex lock_;
  SipHash::Key key_{};
  Suspects suspects_{kMost};
  AccountPaces accounts_{kMost};
  Recent<Key, Right> proven_{kMost};              // a secret that was seen to be right from there
  Recent<std::string, Right> owners_{kMost};      // and from wherever
  Recent<Source, std::vector<Seen>> seen_{kMost}; // what only looked like it: names that callers may have invented
  std::uint64_t bans_ = 0, failures_ = 0;         // ever
};

} // namespace ledgergate::client
