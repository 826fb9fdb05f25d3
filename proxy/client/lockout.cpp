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

bool Lockout::is_slowed(const settings::Lockout& rules, const Account& account, Nanos now) noexcept {
  return rules.enabled && account.failures >= rules.failures && now - account.first <= nanos(rules.within);
}

Lockout::Decision Lockout::may_try(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return {};
  const Key key{network_of(ip), std::string(cut(account))};
  const std::lock_guard guard(lock_);
  const Nanos* const succeeded = trusted_.find(key);
  const bool trusted = succeeded != nullptr && now - *succeeded < kTrusted;
  if (const Pair* pair = banned_.find(key); pair != nullptr && pair->banned_until > now)
    return {Verdict::banned, pair->banned_until - now, trusted};
  if (trusted || account.empty()) return {Verdict::go_on, 0, trusted};
  Account* const entry = accounts_.find(cut(account));
  if (entry == nullptr || !is_slowed(rules, *entry, now)) return {};
  const settings::Rate rate{1, std::chrono::milliseconds(kPace / 1'000'000), 1};
  const Nanos wait = entry->pace.take(rate, 1, now);
  return {wait == 0 ? Verdict::go_on : Verdict::slowed, wait, false};
}

bool Lockout::is_banned(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return false;
  const Key key{network_of(ip), std::string(cut(account))};
  const std::lock_guard guard(lock_);
  const Pair* const pair = banned_.find(key);
  return pair != nullptr && pair->banned_until > now;
}

Nanos Lockout::failed(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return 0;
  const Key key{network_of(ip), std::string(cut(account))};
  const std::lock_guard guard(lock_);
  if (!account.empty()) {
    Account& entry = accounts_.touch(key.second);
    if (entry.failures == 0 || now - entry.first > nanos(rules.within)) {
      entry.first = now;
      entry.failures = 0;
    }
    ++entry.failures;
  }
  ++failures_;
  const bool known = banned_.find(key) != nullptr;
  Pair& pair = known ? banned_.touch(key) : suspects_.touch(key);
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
  ++bans_;
  pair.failures = 0;
  pair.banned_until = now + ban;
  if (!known) {
    banned_.touch(key) = pair;
    suspects_.erase(key);
  }
  return ban;
}

void Lockout::succeeded(const IpAddress& ip, std::string_view account, Nanos now, bool certain) {
  const Key key{network_of(ip), std::string(cut(account))};
  const std::lock_guard guard(lock_);
  trusted_.touch(key) = now;
  if (!certain) return;
  suspects_.erase(key);
  if (Pair* pair = banned_.find(key); pair != nullptr) pair->failures = 0;
}

std::vector<Lockout::Ban> Lockout::bans(Nanos now) const {
  const std::lock_guard guard(lock_);
  std::vector<Ban> out;
  banned_.each([&](const Key& key, const Pair& pair) {
    if (pair.banned_until > now) out.push_back({key.first, key.second, pair.banned_until - now, pair.bans});
  });
  return out;
}

Lockout::Totals Lockout::totals(Nanos now) const {
  const std::lock_guard guard(lock_);
  Totals out{0, bans_, failures_};
  banned_.each([&](const Key&, const Pair& pair) { out.banned += pair.banned_until > now ? 1U : 0U; });
  return out;
}

std::size_t Lockout::lift(const IpAddress& ip, Nanos now) {
  const IpAddress network = network_of(ip);
  const std::lock_guard guard(lock_);
  std::size_t lifted = 0;
  const auto forgive = [&](const Key& key, Pair& pair) {
    if (key.first != network) return;
    if (pair.banned_until > now) ++lifted;
    pair.banned_until = 0;
    pair.failures = pair.bans = 0;
  };
  banned_.each(forgive);
  suspects_.each(forgive);
  return lifted;
}

std::vector<Lockout::Slowed> Lockout::slowed(const settings::Lockout& rules, Nanos now) const {
  const std::lock_guard guard(lock_);
  std::vector<Slowed> out;
  accounts_.each([&](const std::string& name, const Account& account) {
    if (is_slowed(rules, account, now)) out.push_back({name, account.first + nanos(rules.within) - now, account.failures});
  });
  return out;
}

bool Lockout::lift(const settings::Lockout& rules, std::string_view account, Nanos now) {
  const std::string key(cut(account));
  const std::lock_guard guard(lock_);
  const Account* const entry = accounts_.find(key);
  const bool was = entry != nullptr && is_slowed(rules, *entry, now);
  accounts_.erase(key);
  return was;
}

} // namespace ledgergate::client
