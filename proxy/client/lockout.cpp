#include "client/lockout.h"

#include "client/address_table.h"

#include <algorithm>

namespace ledgergate::client {
namespace {

Nanos nanos(std::chrono::milliseconds time) noexcept { return static_cast<Nanos>(time.count()) * 1'000'000; }

// Names that callers invent must not fill the memory.
constexpr std::size_t kLongestAccount = 64;
std::string_view cut(std::string_view account) noexcept { return account.substr(0, kLongestAccount); }

} // namespace

Lockout::Pair& Lockout::touch(const Key& key) {
  const auto [found, fresh] = pairs_.try_emplace(key);
  Pair& pair = found->second;
  if (!fresh) {
    pairs_by_use_.splice(pairs_by_use_.begin(), pairs_by_use_, pair.use);
    return pair;
  }
  pairs_by_use_.push_front(&found->first);
  pair.use = pairs_by_use_.begin();
  if (pairs_.size() > kMost) {
    const auto oldest = pairs_.find(*pairs_by_use_.back());
    pairs_by_use_.pop_back();
    pairs_.erase(oldest);
  }
  return pair;
}

Lockout::Account& Lockout::touch_account(std::string_view account) {
  const auto [found, fresh] = accounts_.try_emplace(std::string(account));
  Account& entry = found->second;
  if (!fresh) {
    accounts_by_use_.splice(accounts_by_use_.begin(), accounts_by_use_, entry.use);
    return entry;
  }
  accounts_by_use_.push_front(&found->first);
  entry.use = accounts_by_use_.begin();
  if (accounts_.size() > kMost) {
    const auto oldest = accounts_.find(*accounts_by_use_.back());
    accounts_by_use_.pop_back();
    accounts_.erase(oldest);
  }
  return entry;
}

Lockout::Decision Lockout::may_try(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return {};
  const std::lock_guard guard(lock_);
  const auto pair = pairs_.find({network_of(ip), std::string(cut(account))});
  if (pair != pairs_.end()) {
    if (pair->second.banned_until > now) return {Verdict::banned, pair->second.banned_until - now};
    if (pair->second.succeeded != 0 && now - pair->second.succeeded < kTrusted) return {};
  }
  if (account.empty()) return {};
  const auto entry = accounts_.find(cut(account));
  if (entry == accounts_.end() || now - entry->second.first > nanos(rules.within) || entry->second.failures < rules.failures)
    return {};
  const settings::Rate rate{1, std::chrono::milliseconds(kPace / 1'000'000), 1};
  const Nanos wait = entry->second.pace.take(rate, 1, now);
  return {wait == 0 ? Verdict::go_on : Verdict::slowed, wait};
}

Nanos Lockout::failed(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return 0;
  const std::lock_guard guard(lock_);
  if (!account.empty()) {
    Account& entry = touch_account(cut(account));
    if (entry.failures == 0 || now - entry.first > nanos(rules.within)) {
      entry.first = now;
      entry.failures = 0;
    }
    ++entry.failures;
  }
  Pair& pair = touch({network_of(ip), std::string(cut(account))});
  if (pair.bans != 0 && now - pair.last > nanos(rules.longest)) pair.bans = 0;
  if (pair.failures == 0 || now - pair.first > nanos(rules.within)) {
    pair.first = now;
    pair.failures = 0;
  }
  ++pair.failures;
  pair.last = now;
  if (pair.failures < rules.failures) return 0;
  const std::uint32_t doubled = std::min<std::uint32_t>(pair.bans, 20);
  const Nanos ban = std::min(nanos(rules.ban) * (Nanos{1} << doubled), nanos(rules.longest));
  ++pair.bans;
  pair.failures = 0;
  pair.banned_until = now + ban;
  return ban;
}

void Lockout::succeeded(const IpAddress& ip, std::string_view account, Nanos now) {
  const std::lock_guard guard(lock_);
  Pair& pair = touch({network_of(ip), std::string(cut(account))});
  pair.failures = 0;
  pair.succeeded = std::max<Nanos>(now, 1);
}

std::vector<Lockout::Ban> Lockout::bans(Nanos now) const {
  const std::lock_guard guard(lock_);
  std::vector<Ban> out;
  for (const auto& [key, pair] : pairs_)
    if (pair.banned_until > now) out.push_back({key.first, key.second, pair.banned_until - now, pair.bans});
  return out;
}

std::size_t Lockout::lift(const IpAddress& ip, Nanos now) {
  const std::lock_guard guard(lock_);
  std::size_t lifted = 0;
  for (auto& [key, pair] : pairs_) {
    if (key.first != network_of(ip)) continue;
    if (pair.banned_until > now) ++lifted;
    pair.banned_until = 0;
    pair.failures = pair.bans = 0;
  }
  return lifted;
}

} // namespace ledgergate::client
