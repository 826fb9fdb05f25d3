// How often each account was tried in vain, from wherever: what slows an account down that many addresses guess at.
//
// Invariants: at most `most` accounts are known, but for those with guesses on their way. For a new one the one whose time is over
// makes room, else the one with the fewest failures, and then the new one begins with as many: names that callers invent never make
// an account look better than it is. Not safe by itself: Lockout guards it.
#pragma once

#include "client/meter.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace ledgergate::client {

class AccountPaces {
  using Name = const std::string*;
  using ByCount = std::set<std::pair<std::uint32_t, Name>>;
  using ByTime = std::set<std::pair<Nanos, Name>>;

public:
  class Account {
  public:
    Bucket pace;
    std::uint32_t pending = 0; // guesses on their way
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    [[nodiscard]] Nanos first() const noexcept { return first_; } // since when they count
    [[nodiscard]] std::uint32_t counted(Nanos within, Nanos now) const noexcept { return now - first_ <= within ? failures_ : 0; }

  private:
    friend class AccountPaces;
    std::uint32_t failures_ = 0;
    Nanos first_ = 0;
    ByCount::iterator by_count_{};
    ByTime::iterator by_time_{};
  };

  explicit AccountPaces(std::size_t most) noexcept : most_(most) {}

  // Null: not known. Good until it is settled.
  [[nodiscard]] Account* find(std::string_view name);
  Account& touch(const std::string& name, Nanos within, Nanos now);
  void fail(Account& account, Nanos within, Nanos now) noexcept;
  void forgive(Account& account, std::uint32_t failures) noexcept;
  // Behind a change: forgets it where nothing is left.
  void settle(std::string_view name) noexcept;
  template <class Do>
  void each(const Do& act) const {
    for (const auto& [name, account] : accounts_) act(name, account);
  }
  [[nodiscard]] std::size_t size() const noexcept { return accounts_.size(); }

private:
  using Map = std::map<std::string, Account, std::less<>>;
  std::size_t most_;
  Map accounts_;
  ByCount by_count_; // every account is in both
  ByTime by_time_;
  void set(Account& account, std::uint32_t failures, Nanos first) noexcept;
  void erase(Map::iterator account) noexcept;
  [[nodiscard]] Map::iterator least(Nanos within, Nanos now);
};

} // namespace ledgergate::client
