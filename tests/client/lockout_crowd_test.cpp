// Many guesses at once, invented names, settings of every size: what must not make the lock-out weaker.
#include "lockout_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::client {
namespace {

using namespace tests;

// What a crowd of guesses gets, all begun before the first is answered.
std::size_t let_through(Lockout& lockout, const settings::Lockout& with, const IpAddress& from, int count,
                        std::vector<Lockout::Guess>& open) {
  std::size_t through = 0;
  for (int n = 0; n < count; ++n) {
    Lockout::Guess guess;
    const auto told = lockout.begin(with, {from, {}, "shop", "wrong " + std::to_string(n)}, kSecond, guess);
    if (told.verdict != Verdict::go_on) {
      EXPECT_EQ(told.verdict, Verdict::busy);
      continue;
    }
    ++through;
    open.push_back(std::move(guess));
  }
  return through;
}

TEST(Lockout, AGuessCountsFromItsBeginning) {
  Lockout lockout;
  std::vector<Lockout::Guess> open;
  EXPECT_EQ(let_through(lockout, rules(), kStranger, 260, open), 3U);
  EXPECT_EQ(open[0].fail(rules(), kSecond).ban, 0);
  EXPECT_EQ(let_through(lockout, rules(), kStranger, 260, open), 0U) << "what has failed makes no room";
  EXPECT_EQ(open[1].fail(rules(), kSecond).ban, 0);
  EXPECT_EQ(open[2].fail(rules(), kSecond).ban, 10 * kSecond);
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", kSecond).verdict, Verdict::banned);
  EXPECT_EQ(lockout.totals(kSecond).bans, 1U);
}

TEST(Lockout, AGuessOfWhichNothingIsKnownIsGivenBack) {
  Lockout lockout;
  for (int round = 0; round < 10; ++round) {
    std::vector<Lockout::Guess> open;
    EXPECT_EQ(let_through(lockout, rules(), kStranger, 20, open), 3U);
  }
  EXPECT_EQ(lockout.totals(kSecond).failures, 0U);
}

TEST(Lockout, ACrowdOfAddressesGetsNoMoreGuessesAtOneAccount) {
  Lockout lockout;
  std::vector<Lockout::Guess> open;
  std::size_t through = 0;
  for (std::uint32_t n = 0; n < 250; ++n) through += let_through(lockout, rules(), ip("203.0.113." + std::to_string(n)), 1, open);
  EXPECT_EQ(through, 3U);
}

TEST(Lockout, WhatWasRightLatelyIsNoGuess) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  std::vector<Lockout::Guess> open;
  for (const IpAddress& from : {kTill, ip("198.51.100.1")}) { // also from elsewhere
    for (int n = 0; n < 100; ++n) {
      open.emplace_back();
      EXPECT_EQ(lockout.begin(rules(), {from, {}, "shop", "right"}, 2 * kSecond, open.back()).verdict, Verdict::go_on) << n;
    }
  }
  open.clear();
  EXPECT_EQ(let_through(lockout, rules(), kTill, 260, open), 3U) << "another secret is one, from there too";
}

TEST(Lockout, WhatWasRightAndFailsIsAGuessAgain) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  Nanos ban = 0;
  for (int n = 0; n < 3; ++n) {
    Lockout::Guess guess;
    ASSERT_EQ(lockout.begin(rules(), {kTill, {}, "shop", "right"}, kSecond, guess).verdict, Verdict::go_on);
    ban = guess.fail(rules(), kSecond).ban;
  }
  EXPECT_EQ(ban, 10 * kSecond);
}

TEST(Lockout, ABanIsNoQuietTime) {
  Lockout lockout;
  Nanos now = kSecond;
  for (const Nanos ban : {10, 20, 35, 35, 35, 35}) {
    for (int i = 0; i < 2; ++i) failed_slowly(lockout, rules(), kStranger, "shop", now);
    EXPECT_EQ(failed_slowly(lockout, rules(), kStranger, "shop", now), ban * kSecond);
    now += ban * kSecond + kSecond; // a second late
  }
  now += 35 * kSecond; // nothing for as long as the longest ban
  for (int i = 0; i < 2; ++i) failed_slowly(lockout, rules(), kStranger, "shop", now);
  EXPECT_EQ(failed_slowly(lockout, rules(), kStranger, "shop", now), 10 * kSecond);
}

TEST(Lockout, NoSettingMakesABanOverflow) {
  using std::chrono::milliseconds;
  for (const milliseconds ban :
       {milliseconds(1), milliseconds(std::chrono::hours(3)), milliseconds(std::chrono::hours(7 * 24)), milliseconds::max()}) {
    for (const milliseconds longest :
         {ban, milliseconds(std::chrono::hours(365 * 24)), milliseconds::max() / 3, milliseconds::max()}) {
      Lockout lockout;
      settings::Lockout with = rules();
      with.failures = 1;
      with.ban = ban;
      with.longest = std::max(ban, longest);
      Nanos now = kSecond, last = 0;
      for (int n = 0; n < 70; ++n) {
        const Nanos length = failed(lockout, with, kStranger, "", now);
        ASSERT_GT(length, 0) << ban.count() << ' ' << longest.count() << ' ' << n;
        ASSERT_GE(length, last);
        last = length;
        ASSERT_EQ(may_try(lockout, with, kStranger, "", now).verdict, Verdict::banned);
        ASSERT_GE(lockout.totals(now).banned, 1U);
        if (length > kForever - now) break; // for ever
        now += length;
      }
    }
  }
}

TEST(Lockout, AnAddressHasABudgetOverAllAccounts) {
  Lockout lockout;
  Nanos ban = 0;
  int guesses = 0;
  for (; guesses < 100 && ban == 0; ++guesses) {
    Lockout::Guess guess;
    if (lockout.begin(rules(), {kStranger, {}, "invented " + std::to_string(guesses), "x"}, kSecond, guess).verdict !=
        Verdict::go_on)
      break;
    ban = guess.fail(rules(), kSecond).address_ban;
  }
  EXPECT_EQ(guesses, 15);
  EXPECT_EQ(ban, 10 * kSecond);
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "another", kSecond).verdict, Verdict::banned);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "another", kSecond).verdict, Verdict::go_on);
  const auto bans = lockout.bans(kSecond);
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_TRUE(bans[0].every_account);
  EXPECT_EQ(lockout.lift(rules(), kStranger, kSecond).bans, 1U);
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "another", kSecond).verdict, Verdict::go_on);
  settings::Lockout own = rules();
  own.address_failures = 4;
  for (int n = 0; n < 4; ++n) failed(lockout, own, kStranger, "invented " + std::to_string(n), kSecond);
  EXPECT_EQ(may_try(lockout, own, kStranger, "another", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, WhoLoggedInLatelyIsNotBannedForWhatOthersThereDidToOtherAccounts) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  succeeded(lockout, rules(), kTill, "seen", kSecond, false);
  for (int n = 0; n < 20; ++n) failed(lockout, rules(), kTill, "invented " + std::to_string(n), kSecond);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", kSecond).verdict, Verdict::go_on);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "seen", kSecond).verdict, Verdict::banned) << "a page may be public";
  EXPECT_EQ(may_try(lockout, rules(), kTill, "other", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, InventedNamesPushNoFailuresOut) {
  for (const std::uint32_t budget : {0U, 1'000U, 1'000'000U}) {
    Lockout lockout;
    settings::Lockout with = rules();
    with.address_failures = budget;
    for (int i = 0; i < 2; ++i) failed(lockout, with, kStranger, "shop", kSecond);
    for (std::uint32_t n = 0; n < Lockout::kMost + 2'000; ++n)
      failed(lockout, with, kStranger, "invented " + std::to_string(n), kSecond);
    // One more at most, and not even that where there were many.
    failed_slowly(lockout, with, kStranger, "shop", kSecond);
    EXPECT_EQ(may_try(lockout, with, kStranger, "shop", kSecond).verdict, Verdict::banned) << budget;
    EXPECT_LE(lockout.bans(kSecond).size(), Suspects::kMostAccounts + 1);
  }
}

TEST(Lockout, InventedNamesOfManyAddressesDoNotMakeASlowAccountFast) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 3; ++n) failed(lockout, rules(), ip("203.0.113." + std::to_string(n)), "shop", kSecond);
  for (std::uint32_t n = 0; n < Lockout::kMost + 2'000; ++n)
    failed(lockout, rules(), numbered(n), "invented " + std::to_string(n), kSecond);
  may_try(lockout, rules(), kTill, "shop", kSecond);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", kSecond).verdict, Verdict::slowed);
}

TEST(Lockout, NamesInventedOnAPublicPageForgetNoOwner) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  succeeded(lockout, rules(), kTill, "seen", kSecond, false);
  for (std::uint32_t n = 0; n < Lockout::kMost + 2'000; ++n)
    succeeded(lockout, rules(), kStranger, "invented " + std::to_string(n), kSecond, false);
  EXPECT_TRUE(may_try(lockout, rules(), kTill, "shop", kSecond).trusted);
  EXPECT_TRUE(may_try(lockout, rules(), kTill, "seen", kSecond).trusted);
}

TEST(Lockout, WhatOnlyLookedLikeASuccessEndsWithAFailure) {
  Lockout lockout;
  succeeded(lockout, rules(), kStranger, "shop", kSecond, false);
  EXPECT_TRUE(may_try(lockout, rules(), kStranger, "shop", kSecond).trusted);
  failed(lockout, rules(), kStranger, "shop", kSecond);
  succeeded(lockout, rules(), kStranger, "shop", kSecond, false);
  EXPECT_FALSE(may_try(lockout, rules(), kStranger, "shop", kSecond).trusted);
}

TEST(Lockout, ACertificateIsASourceOfItsOwn) {
  Lockout lockout;
  const auto guess_as = [&](std::string_view client, std::string_view secret) {
    Lockout::Guess guess;
    Lockout::Login login{kTill, client, "server:boss", secret};
    login.stale_passes = !client.empty();
    const auto told = lockout.begin(rules(), login, kSecond, guess);
    if (told.verdict == Verdict::go_on) guess.fail(rules(), kSecond);
    return told.verdict;
  };
  for (int n = 0; n < 100; ++n) EXPECT_EQ(guess_as("branch", "stale"), Verdict::go_on) << "one secret, again and again";
  EXPECT_EQ(lockout.totals(kSecond).failures, 0U);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(guess_as("branch", "other " + std::to_string(n)), Verdict::go_on);
  EXPECT_EQ(guess_as("branch", "stale"), Verdict::banned);
  EXPECT_NE(guess_as("", "x"), Verdict::banned) << "others at that address are not it";
  EXPECT_NE(guess_as("other branch", "x"), Verdict::banned);
}

TEST(Lockout, ToLiftAnAddressFreesTheAccountThatItSlowedDown) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  ASSERT_EQ(lockout.slowed(rules(), kSecond).size(), 1U);
  const auto lifted = lockout.lift(rules(), kStranger, kSecond);
  EXPECT_EQ(lifted.bans, 1U);
  EXPECT_EQ(lifted.freed, std::vector<std::string>{"shop"});
  EXPECT_TRUE(lockout.slowed(rules(), kSecond).empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", kSecond).verdict, Verdict::go_on);
}

TEST(Lockout, ToLiftAnAddressTellsWhatOthersSlowDown) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 3; ++n) failed(lockout, rules(), numbered(n), "shop", kSecond);
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  const auto lifted = lockout.lift(rules(), kStranger, kSecond);
  EXPECT_EQ(lifted.slowed, std::vector<std::string>{"shop"});
  EXPECT_EQ(lockout.slowed(rules(), kSecond)[0].failures, 3U);
}

TEST(Lockout, ToLiftABanKeepsWhatIsOnItsWay) {
  Lockout lockout;
  std::vector<Lockout::Guess> open;
  EXPECT_EQ(let_through(lockout, rules(), kStranger, 20, open), 3U);
  lockout.lift(rules(), kStranger, kSecond);
  lockout.lift(rules(), "shop", kSecond);
  std::vector<Lockout::Guess> more;
  EXPECT_EQ(let_through(lockout, rules(), kStranger, 20, more), 0U);
  open.clear();
  EXPECT_EQ(let_through(lockout, rules(), kStranger, 20, more), 3U);
}

} // namespace
} // namespace ledgergate::client
