#include "client/suspects.h"

#include <algorithm>
#include <iterator>

namespace ledgergate::client {
namespace {

// How many with guesses on their way are passed over in the search for one to forget: bounds the time under the lock.
constexpr int kLook = 32;

} // namespace

Tried* Suspect::find(std::string_view account) noexcept {
  const auto found = std::find_if(accounts.begin(), accounts.end(), [&](const Tried& each) { return each.account == account; });
  return found == accounts.end() ? nullptr : &*found;
}

Tried* Suspect::spare(const settings::Lockout& rules, Nanos now) noexcept {
  Tried* least = nullptr;
  for (Tried& each : accounts) {
    if (each.pending != 0 || (each.tally.bans != 0 && !each.tally.over(rules, now))) continue;
    if (least == nullptr || each.tally.counted(rules, now) < least->tally.counted(rules, now)) least = &each;
  }
  return least;
}

bool Suspect::has_room(const settings::Lockout& rules, Nanos now) noexcept {
  return accounts.size() < Suspects::kMostAccounts || spare(rules, now) != nullptr;
}

Tried& Suspect::touch(const settings::Lockout& rules, std::string_view account, bool inherits, Nanos now) {
  if (Tried* const known = find(account); known != nullptr) return *known;
  Tried made{std::string(account), {}, 0, 0, 0};
  Tried* const least = accounts.size() >= Suspects::kAccounts ? spare(rules, now) : nullptr;
  if (least == nullptr) {
    accounts.push_back(std::move(made));
    return accounts.back();
  }
  if (inherits && least->tally.counted(rules, now) != 0) made.tally = least->tally;
  *least = std::move(made);
  return *least;
}

Suspect* Suspects::find(const Source& source) {
  const auto found = entries_.find(source);
  return found == entries_.end() ? nullptr : &found->second.suspect;
}

Suspect& Suspects::touch(const Source& source) {
  if (const auto known = entries_.find(source); known != entries_.end()) {
    Order& order = known->second.banned ? banned_ : quiet_;
    order.splice(order.begin(), order, known->second.use);
    return known->second.suspect;
  }
  Order made(1);
  const auto [entry, fresh] = entries_.try_emplace(source);
  made.front() = &entry->first;
  entry->second.use = made.begin();
  quiet_.splice(quiet_.begin(), made);
  make_room(quiet_);
  return entry->second.suspect;
}

void Suspects::settle(const Source& source) noexcept {
  const auto found = entries_.find(source);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  Suspect& suspect = entry.suspect;
  std::erase_if(suspect.accounts, [&](const Tried& each) { return each.pending == 0 && each.tally.empty(); });
  if (suspect.pending == 0 && suspect.accounts.empty() && suspect.stale.empty() && suspect.all.empty()) {
    (entry.banned ? banned_ : quiet_).erase(entry.use);
    entries_.erase(found);
    return;
  }
  const auto has_bans = [](const Tried& each) { return each.tally.bans != 0; };
  const bool banned = suspect.all.bans != 0 || std::any_of(suspect.accounts.begin(), suspect.accounts.end(), has_bans);
  if (banned == entry.banned) return;
  Order &from = entry.banned ? banned_ : quiet_, &to = banned ? banned_ : quiet_;
  entry.banned = banned;
  to.splice(to.begin(), from, entry.use);
  make_room(to);
}

void Suspects::make_room(Order& order) noexcept {
  auto oldest = order.end();
  for (int looked = 0; order.size() > most_ && looked < kLook && std::prev(oldest) != order.begin(); ++looked) {
    --oldest;
    const auto entry = entries_.find(**oldest);
    if (entry->second.suspect.pending != 0) continue;
    oldest = order.erase(oldest);
    entries_.erase(entry);
  }
}

} // namespace ledgergate::client
