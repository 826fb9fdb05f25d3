#include "client/lockout.h"

#include "client/address_table.h"

#include <openssl/rand.h>

#include <algorithm>

namespace ledgergate::client {
namespace {

constexpr std::size_t kSeen = 32;  // accounts of one source that seem to have logged in
constexpr std::size_t kStale = 16; // secrets of one source that failed
constexpr Nanos kSoon = 50'000'000;

// How many failures an address has over all accounts.
std::uint32_t most_of_address(const settings::Lockout& rules) noexcept {
  if (rules.address_failures != 0) return rules.address_failures;
  return rules.failures > UINT32_MAX / settings::kAddressFailures ? UINT32_MAX : rules.failures * settings::kAddressFailures;
}

// Whether another guess could be one too many. One alone always may: its failure is what begins the ban.
bool full(std::uint32_t failures, std::uint32_t pending, std::uint32_t most) noexcept {
  return pending != 0 && plus(failures, pending) >= most;
}

} // namespace

Lockout::Lockout() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

Lockout::Guess& Lockout::Guess::operator=(Guess&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  lockout_ = std::exchange(other.lockout_, nullptr);
  key_ = std::move(other.key_);
  secret_ = other.secret_;
  pending_ = std::exchange(other.pending_, false);
  nameless_ = other.nameless_;
  stale_passes_ = other.stale_passes_;
  return *this;
}

void Lockout::Guess::give_back() noexcept {
  Lockout* const lockout = std::exchange(lockout_, nullptr);
  if (lockout == nullptr || !std::exchange(pending_, false)) return;
  const std::lock_guard guard(lockout->lock_);
  lockout->release(*this);
}

Lockout::Failure Lockout::Guess::fail(const settings::Lockout& rules, Nanos now) {
  return lockout_ != nullptr ? lockout_->fail(rules, *this, now) : Failure{};
}

void Lockout::Guess::succeed(const settings::Lockout& rules, Nanos now, bool certain) {
  if (lockout_ != nullptr) lockout_->succeed(rules, *this, now, certain);
}

std::uint64_t Lockout::digest(const Login& login) const noexcept {
  SipHash made(key_);
  made.add(login.account.size()); // no two different pairs are the same bytes
  made.add(login.account);
  made.add(login.secret);
  const std::uint64_t out = made.digest();
  return out == 0 ? 1 : out;
}

Lockout::Decision Lockout::begin(const settings::Lockout& rules, const Login& login, Nanos now, Guess& guess) {
  guess.give_back();
  if (!rules.enabled) return {};
  Guess made;
  made.key_ = {{network_of(login.ip), std::string(login.client)}, std::string(login.account.substr(0, kLongestAccount))};
  made.secret_ = digest(login);
  made.nameless_ = login.nameless || login.account.empty();
  made.stale_passes_ = login.stale_passes;
  const std::lock_guard guard(lock_);
  const Trust in = trust(made, now);
  Decision decision = judge(rules, made, in, now);
  decision.trusted = in.trusted;
  if (decision.verdict != Verdict::go_on) return decision;
  if (!in.same_secret) reserve(rules, made, in.certain, now);
  made.lockout_ = this;
  guess = std::move(made);
  return decision;
}

bool Lockout::is_banned(const settings::Lockout& rules, const IpAddress& ip, std::string_view account, Nanos now) {
  if (!rules.enabled) return false;
  const Source source{network_of(ip), {}};
  const std::lock_guard guard(lock_);
  Suspect* const suspect = suspects_.find(source);
  const Tried* const tried = suspect != nullptr ? suspect->find(account.substr(0, kLongestAccount)) : nullptr;
  return tried != nullptr && tried->tally.banned(now);
}

Lockout::Trust Lockout::trust(const Guess& guess, Nanos now) {
  Trust out;
  const auto lately = [&](const Right* right) { return right != nullptr && now - right->when < kTrusted; };
  if (const Right* own = proven_.find(guess.key_); lately(own)) {
    out.trusted = out.certain = true;
    out.same_secret = own->secret == guess.secret_;
  }
  if (const auto* all = seen_.find(guess.source()); all != nullptr && !out.trusted) {
    for (const Seen& each : *all) {
      if (each.account != guess.account() || !lately(&each.right)) continue;
      out.trusted = true;
      out.same_secret = each.right.secret == guess.secret_;
    }
  }
  if (out.same_secret || guess.nameless_) return out;
  const Right* const owner = owners_.find(guess.account());
  out.same_secret = lately(owner) && owner->secret == guess.secret_;
  out.trusted = out.trusted || out.same_secret;
  return out;
}

Lockout::Decision Lockout::judge(const settings::Lockout& rules, const Guess& guess, Trust in, Nanos now) {
  Suspect* const suspect = suspects_.find(guess.source());
  const Tried* const tried = suspect != nullptr ? suspect->find(guess.account()) : nullptr;
  if (tried != nullptr && tried->tally.banned(now)) return {Verdict::banned, tried->tally.banned_until - now, false};
  if (suspect != nullptr && !in.certain && suspect->all.banned(now))
    return {Verdict::banned, suspect->all.banned_until - now, false};
  if (in.same_secret) return {};
  const Decision busy{Verdict::busy, kSoon, false};
  if (tried != nullptr && full(tried->tally.counted(rules, now), tried->pending, rules.failures)) return busy;
  if (suspect != nullptr && !in.certain && full(suspect->all.counted(rules, now), suspect->pending, most_of_address(rules)))
    return busy;
  if (suspect != nullptr && tried == nullptr && !in.certain && !suspect->has_room(rules, now))
    return {Verdict::banned, kPace, false};
  if (in.trusted || guess.nameless_) return {};
  // Made at once: where so many are known that one had to make room, it begins with failures.
  AccountPaces::Account& account = accounts_.touch(guess.account(), nanos(rules.within), now);
  const std::uint32_t failures = account.counted(nanos(rules.within), now);
  if (failures < rules.failures) return full(failures, account.pending, rules.failures) ? busy : Decision{};
  const settings::Rate rate{1, std::chrono::milliseconds(kPace / 1'000'000), 1};
  const Nanos wait = account.pace.take(rate, 1, now);
  return {wait == 0 ? Verdict::go_on : Verdict::slowed, wait, false};
}

void Lockout::reserve(const settings::Lockout& rules, Guess& guess, bool certain, Nanos now) {
  Suspect& suspect = suspects_.touch(guess.source());
  Tried& tried = suspect.touch(rules, guess.account(), !certain, now);
  if (!guess.nameless_) accounts_.touch(guess.account(), nanos(rules.within), now).pending++;
  ++tried.pending;
  ++suspect.pending;
  guess.pending_ = true;
}

// Behind `guess`, which may have been one on its way: nothing of it is left to find but failures.
void Lockout::release(const Guess& guess) noexcept {
  if (Suspect* const suspect = suspects_.find(guess.source()); suspect != nullptr) {
    --suspect->pending;
    if (Tried* const tried = suspect->find(guess.account()); tried != nullptr) --tried->pending;
  }
  suspects_.settle(guess.source());
  if (guess.nameless_) return;
  if (AccountPaces::Account* const account = accounts_.find(guess.account()); account != nullptr) --account->pending;
  accounts_.settle(guess.account());
}

// What was right from there is so no more.
void Lockout::distrust(const Guess& guess) noexcept {
  const auto forget = [&](Right* right) {
    if (right != nullptr && right->secret == guess.secret_) right->secret = 0;
  };
  forget(proven_.find(guess.key_));
  forget(owners_.find(guess.account()));
  if (auto* all = seen_.find(guess.source()); all != nullptr)
    std::erase_if(*all, [&](const Seen& each) { return each.account == guess.account(); });
}

bool Lockout::passes_as_stale(Suspect& suspect, std::uint64_t secret) {
  auto& stale = suspect.stale;
  if (std::find(stale.begin(), stale.end(), secret) != stale.end()) return true;
  const bool first = stale.empty();
  stale.push_back(secret);
  if (stale.size() > kStale) stale.erase(stale.begin());
  return first;
}

Lockout::Failure Lockout::fail(const settings::Lockout& rules, Guess& guess, Nanos now) {
  const std::lock_guard guard(lock_);
  if (!guess.pending_) reserve(rules, guess, true, now); // what it shows was right so far
  Suspect& suspect = *suspects_.find(guess.source());
  Tried& tried = *suspect.find(guess.account());
  Failure out;
  out.banned = tried.tally.banned(now);
  out.counted = !(guess.stale_passes_ && passes_as_stale(suspect, guess.secret_));
  distrust(guess);
  failures_ += out.counted ? 1U : 0U;
  if (out.counted && !out.banned) {
    out.ban = tried.tally.fail(rules, rules.failures, now);
    out.address_ban = suspect.all.fail(rules, most_of_address(rules), now);
    bans_ += (out.ban != 0 ? 1U : 0U) + (out.address_ban != 0 ? 1U : 0U);
    if (!guess.nameless_) {
      AccountPaces::Account& account = *accounts_.find(guess.account());
      accounts_.fail(account, nanos(rules.within), now);
      if (tried.given_since != account.first()) tried.given = 0;
      tried.given_since = account.first();
      tried.given = plus(tried.given, 1);
    }
  }
  guess.pending_ = false;
  guess.lockout_ = nullptr;
  release(guess);
  return out;
}

void Lockout::succeed(const settings::Lockout& rules, Guess& guess, Nanos now, bool certain) {
  const std::lock_guard guard(lock_);
  Suspect* const suspect = suspects_.find(guess.source());
  Tried* const tried = suspect != nullptr ? suspect->find(guess.account()) : nullptr;
  remember(rules, guess, now, certain);
  if (tried != nullptr && certain) {
    // Slips of who knows the password. What it did to other accounts stays.
    suspect->all.failures = minus(suspect->all.failures, tried->tally.failures);
    tried->tally.failures = 0;
  }
  guess.lockout_ = nullptr;
  if (std::exchange(guess.pending_, false)) release(guess);
}

void Lockout::remember(const settings::Lockout& rules, const Guess& guess, Nanos now, bool certain) {
  const Right right{guess.secret_, now};
  if (certain) {
    proven_.touch(guess.key_) = right;
    if (!guess.nameless_) owners_.touch(guess.account()) = right;
    return;
  }
  // A page that anybody may see tells nothing of a secret with which others failed.
  Suspect* const suspect = suspects_.find(guess.source());
  const Tried* const tried = suspect != nullptr ? suspect->find(guess.account()) : nullptr;
  if (tried != nullptr && tried->tally.counted(rules, now) != 0) return;
  auto& all = seen_.touch(guess.source());
  const auto known = std::find_if(all.begin(), all.end(), [&](const Seen& each) { return each.account == guess.account(); });
  if (known != all.end()) {
    known->right = right;
    return;
  }
  all.push_back({guess.account(), right});
  if (all.size() > kSeen) all.erase(all.begin());
}

} // namespace ledgergate::client
