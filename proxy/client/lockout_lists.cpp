// What the administrator sees of the lock-out, and lifts.
#include "client/address_table.h"
#include "client/lockout.h"

#include <algorithm>

namespace ledgergate::client {
namespace {

bool is_slowed(const settings::Lockout& rules, const AccountPaces::Account& account, Nanos now) noexcept {
  return rules.enabled && account.counted(nanos(rules.within), now) >= rules.failures;
}

} // namespace

std::vector<Lockout::Ban> Lockout::bans(Nanos now) const {
  const std::lock_guard guard(lock_);
  std::vector<Ban> out;
  suspects_.each([&](const Source& source, const Suspect& suspect) {
    const auto add = [&](const Tally& tally, const std::string& account, bool every) {
      if (tally.banned(now)) out.push_back({source.network, source.client, account, tally.banned_until - now, tally.bans, every});
    };
    add(suspect.all, {}, true);
    for (const Tried& each : suspect.accounts) add(each.tally, each.account, false);
  });
  return out;
}

Lockout::Totals Lockout::totals(Nanos now) const {
  const std::lock_guard guard(lock_);
  Totals out{0, bans_, failures_};
  suspects_.each([&](const Source&, const Suspect& suspect) {
    out.banned += suspect.all.banned(now) ? 1U : 0U;
    for (const Tried& each : suspect.accounts) out.banned += each.tally.banned(now) ? 1U : 0U;
  });
  return out;
}

Lockout::Lifted Lockout::lift(const settings::Lockout& rules, const IpAddress& ip, Nanos now) {
  const IpAddress network = network_of(ip);
  const std::lock_guard guard(lock_);
  Lifted out;
  std::vector<Source> changed;
  suspects_.each([&](const Source& source, Suspect& suspect) {
    if (source.network != network) return;
    changed.push_back(source);
    out.bans += suspect.all.banned(now) ? 1U : 0U;
    suspect.all = {};
    for (Tried& each : suspect.accounts) {
      out.bans += each.tally.banned(now) ? 1U : 0U;
      each.tally = {};
      AccountPaces::Account* const account = accounts_.find(each.account);
      if (account == nullptr) continue;
      const bool was = is_slowed(rules, *account, now);
      if (account->first() == each.given_since) accounts_.forgive(*account, each.given);
      each.given = 0;
      if (was) (is_slowed(rules, *account, now) ? out.slowed : out.freed).push_back(each.account);
      accounts_.settle(each.account);
    }
  });
  for (const Source& source : changed) suspects_.settle(source);
  return out;
}

std::vector<Lockout::Slowed> Lockout::slowed(const settings::Lockout& rules, Nanos now) const {
  const std::lock_guard guard(lock_);
  std::vector<Slowed> out;
  accounts_.each([&](const std::string& name, const AccountPaces::Account& account) {
    if (!is_slowed(rules, account, now)) return;
    out.push_back({name, later(account.first(), nanos(rules.within)) - now, account.failures()});
  });
  return out;
}

bool Lockout::lift(const settings::Lockout& rules, std::string_view account, Nanos now) {
  const std::string key(account.substr(0, kLongestAccount));
  const std::lock_guard guard(lock_);
  AccountPaces::Account* const entry = accounts_.find(key);
  if (entry == nullptr) return false;
  const bool was = is_slowed(rules, *entry, now);
  accounts_.forgive(*entry, entry->failures());
  accounts_.settle(key);
  return was;
}

} // namespace ledgergate::client
