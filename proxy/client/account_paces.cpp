#include "client/account_paces.h"

namespace ledgergate::client {
namespace {

// How many with guesses on their way are passed over in the search for one to forget: bounds the time under the lock.
constexpr int kLook = 32;

} // namespace

AccountPaces::Account* AccountPaces::find(std::string_view name) {
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? nullptr : &found->second;
}

// Whose time is over, else the one with the fewest failures; end() where all of these have guesses on their way.
AccountPaces::Map::iterator AccountPaces::least(Nanos within, Nanos now) {
  const auto idle = [&](const auto& order) {
    int looked = 0;
    for (auto each = order.begin(); each != order.end() && looked < kLook; ++each, ++looked)
      if (const auto found = accounts_.find(*each->second); found->second.pending == 0) return found;
    return accounts_.end();
  };
  const auto oldest = idle(by_time_);
  if (oldest != accounts_.end() && oldest->second.counted(within, now) == 0) return oldest;
  return idle(by_count_);
}

AccountPaces::Account& AccountPaces::touch(const std::string& name, Nanos within, Nanos now) {
  if (Account* const known = find(name); known != nullptr) return *known;
  std::uint32_t failures = 0;
  Nanos first = now;
  const auto victim = accounts_.size() >= most_ ? least(within, now) : accounts_.end();
  if (victim != accounts_.end() && victim->second.counted(within, now) != 0) {
    failures = victim->second.failures_;
    first = victim->second.first_;
  }
  // What needs memory first: without it nothing has changed.
  ByCount count;
  ByTime time;
  Map made;
  const auto entry = made.try_emplace(name).first;
  Account& account = entry->second;
  account.failures_ = failures;
  account.first_ = first;
  count.emplace(failures, &entry->first);
  time.emplace(first, &entry->first);
  if (victim != accounts_.end()) erase(victim);
  account.by_count_ = by_count_.insert(count.extract(count.begin())).position;
  account.by_time_ = by_time_.insert(time.extract(time.begin())).position;
  accounts_.insert(made.extract(entry));
  return account;
}

void AccountPaces::set(Account& account, std::uint32_t failures, Nanos first) noexcept {
  auto count = by_count_.extract(account.by_count_);
  auto time = by_time_.extract(account.by_time_);
  count.value().first = account.failures_ = failures;
  time.value().first = account.first_ = first;
  account.by_count_ = by_count_.insert(std::move(count)).position;
  account.by_time_ = by_time_.insert(std::move(time)).position;
}

void AccountPaces::fail(Account& account, Nanos within, Nanos now) noexcept {
  const std::uint32_t before = account.counted(within, now);
  set(account, plus(before, 1), before == 0 ? now : account.first_);
}

void AccountPaces::forgive(Account& account, std::uint32_t failures) noexcept {
  set(account, minus(account.failures_, failures), account.first_);
}

void AccountPaces::settle(std::string_view name) noexcept {
  const auto found = accounts_.find(name);
  if (found != accounts_.end() && found->second.pending == 0 && found->second.failures_ == 0) erase(found);
}

void AccountPaces::erase(Map::iterator account) noexcept {
  by_count_.erase(account->second.by_count_);
  by_time_.erase(account->second.by_time_);
  accounts_.erase(account);
}

} // namespace ledgergate::client
