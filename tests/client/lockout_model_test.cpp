// The lock-out beside a model of it: the same rules written down without bounds, without haste and with numbers that can't
// overflow, for settings of every size.
#include "client/lockout.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::client {
namespace {

using Verdict = Lockout::Verdict;
__extension__ using Wide = __int128;

struct ModelTally {
  std::vector<Wide> failures; // of the time that began with the first
  Wide bans = 0, quiet_since = 0, banned_until = 0;
  int pending = 0;
};

class Model {
public:
  explicit Model(const settings::Lockout& rules)
      : within_(Wide(rules.within.count()) * 1'000'000), ban_(Wide(rules.ban.count()) * 1'000'000),
        longest_(Wide(rules.longest.count()) * 1'000'000), failures_(rules.failures) {}

  Wide counted(ModelTally& tally, Wide now) const {
    if (!tally.failures.empty() && now - tally.failures.front() > within_) tally.failures.clear();
    return static_cast<Wide>(tally.failures.size());
  }
  bool banned(const ModelTally& tally, Wide now) const { return tally.banned_until > now; }
  Wide fail(ModelTally& tally, Wide most, Wide now) {
    if (banned(tally, now)) return 0;
    if (now - tally.quiet_since > longest_) tally.bans = 0;
    counted(tally, now);
    tally.failures.push_back(now);
    tally.quiet_since = now;
    if (static_cast<Wide>(tally.failures.size()) < most) return 0;
    Wide ban = ban_;
    for (Wide n = 0; n < tally.bans && ban < longest_; ++n) ban *= 2;
    ban = std::min(ban, longest_);
    ++tally.bans;
    tally.failures.clear();
    tally.banned_until = tally.quiet_since = now + ban;
    return ban;
  }
  Verdict begin(int from, const std::string& account, Wide now) {
    ModelTally &own = tried[{from, account}], &all = address[from];
    if (banned(own, now) || banned(all, now)) return Verdict::banned;
    const auto full = [&](ModelTally& tally, Wide most) {
      return tally.pending > 0 && counted(tally, now) + tally.pending >= most;
    };
    if (full(own, failures_) || full(all, Wide(failures_) * 5)) return Verdict::busy;
    ++own.pending;
    ++all.pending;
    return Verdict::go_on;
  }
  void end(int from, const std::string& account) {
    --tried[{from, account}].pending;
    --address[from].pending;
  }
  std::pair<Wide, Wide> failed(int from, const std::string& account, Wide now) {
    ModelTally &own = tried[{from, account}], &all = address[from];
    std::pair<Wide, Wide> out{0, 0};
    if (!banned(own, now)) {
      out.first = fail(own, failures_, now);
      out.second = fail(all, Wide(failures_) * 5, now);
    }
    end(from, account);
    return out;
  }

  std::map<std::pair<int, std::string>, ModelTally> tried;
  std::map<int, ModelTally> address;

private:
  Wide within_, ban_, longest_;
  std::uint32_t failures_;
};

Wide saturated(Wide value) { return std::min(value, Wide(kForever)); }

struct Open {
  Lockout::Guess guess;
  int from;
  std::string account;
};

IpAddress address(int n) { return *IpAddress::parse("203.0.113." + std::to_string(n)); }

// Accounts without a name of their own: what slows accounts down has tests of its own.
void run(const settings::Lockout& rules, std::mt19937& random) {
  Lockout lockout;
  Model model(rules);
  std::vector<Open> open;
  Nanos now = 1'000'000'000;
  int secret = 0;
  for (int step = 0; step < 400; ++step) {
    const unsigned what = random() % 16;
    if (what < 9) {
      const int from = static_cast<int>(random() % 2);
      const std::string account(1, static_cast<char>('a' + random() % 6));
      const std::string shown = std::to_string(++secret);
      Lockout::Login login{address(from), {}, account, shown};
      login.nameless = true;
      Lockout::Guess guess;
      const auto told = lockout.begin(rules, login, now, guess);
      ASSERT_EQ(told.verdict, model.begin(from, account, now)) << "step " << step;
      ASSERT_EQ(guess.open(), told.verdict == Verdict::go_on);
      if (told.verdict == Verdict::banned) {
        ASSERT_GT(told.wait, 0);
      }
      if (guess.open()) open.push_back({std::move(guess), from, account});
    } else if (what < 15 && !open.empty()) {
      std::swap(open[random() % open.size()], open.back());
      Open ended = std::move(open.back());
      open.pop_back();
      if (what == 9) {
        ended.guess.give_back();
        model.end(ended.from, ended.account);
        continue;
      }
      const auto failure = ended.guess.fail(rules, now);
      const auto expected = model.failed(ended.from, ended.account, now);
      ASSERT_EQ(failure.ban, saturated(expected.first)) << "step " << step;
      ASSERT_EQ(failure.address_ban, saturated(expected.second)) << "step " << step;
    } else {
      const std::array<Nanos, 5> times{1, 1'000'000'000, nanos(rules.within), nanos(rules.ban), nanos(rules.longest)};
      const Nanos passed = later(times[random() % times.size()], static_cast<Nanos>(random() % 2));
      now = later(now, std::min(passed, kForever / 8));
      if (now > kForever / 2) return; // the clock of a machine that runs for a hundred years
    }
    std::size_t banned = 0;
    for (const auto& [whose, tally] : model.tried) banned += model.banned(tally, now) ? 1U : 0U;
    for (const auto& [from, tally] : model.address) banned += model.banned(tally, now) ? 1U : 0U;
    ASSERT_EQ(lockout.totals(now).banned, banned) << "step " << step;
    ASSERT_EQ(lockout.bans(now).size(), banned);
  }
}

TEST(LockoutModel, DoesTheSameForSettingsOfEverySize) {
  using std::chrono::milliseconds;
  std::mt19937 random(20'261'129);
  const std::array<std::int64_t, 9> sizes{
      1, 1'000, 60'000, 10'800'000, 604'800'000, 31'536'000'000, INT64_MAX / 3'000'000, INT64_MAX / 2, INT64_MAX};
  for (int round = 0; round < 400; ++round) {
    settings::Lockout rules;
    rules.failures =
        round % 5 == 0 ? 1 + static_cast<std::uint32_t>(random()) % 1'000'000 : 1 + static_cast<std::uint32_t>(random()) % 4;
    rules.within = milliseconds(sizes[random() % sizes.size()]);
    const std::size_t ban = random() % sizes.size();
    rules.ban = milliseconds(sizes[ban]);
    rules.longest = milliseconds(sizes[ban + random() % (sizes.size() - ban)]);
    run(rules, random);
    if (HasFatalFailure()) {
      FAIL() << "failures " << rules.failures << " within " << rules.within.count() << " ban " << rules.ban.count() << " longest "
             << rules.longest.count();
    }
  }
}

// Whatever else a caller does meanwhile, under whatever names: between two bans it fails at one account no more often than it may.
TEST(LockoutModel, NoOrderOfGuessesGetsMoreOfThemAtOneAccount) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Lockout lockout;
    settings::Lockout rules;
    rules.failures = 1 + static_cast<std::uint32_t>(random()) % 6;
    rules.address_failures = random() % 2 == 0 ? 0 : 10'000;
    const Nanos now = 1'000'000'000;
    std::vector<Lockout::Guess> open;
    std::uint32_t guesses = 0;
    for (int step = 0; step < 2'000; ++step) {
      const bool mine = random() % 4 == 0;
      const std::string account = mine ? "boss" : "invented " + std::to_string(random() % 50);
      const std::string shown = std::to_string(step);
      Lockout::Login login{address(1), {}, account, shown};
      login.nameless = true;
      Lockout::Guess guess;
      if (lockout.begin(rules, login, now, guess).verdict == Verdict::go_on) {
        guesses += mine ? 1U : 0U;
        open.push_back(std::move(guess));
      }
      while (!open.empty() && random() % 3 != 0) {
        std::swap(open[random() % open.size()], open.back());
        open.back().fail(rules, now);
        open.pop_back();
      }
    }
    ASSERT_LE(guesses, rules.failures) << "round " << round;
  }
}

} // namespace
} // namespace ledgergate::client
