#include "lockout_calls.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::client {
namespace {

using namespace tests;

TEST(Lockout, BansAnAddressForAnAccountAfterSoManyFailures) {
  Lockout lockout;
  EXPECT_EQ(failed(lockout, rules(), kStranger, "shop", kSecond), 0);
  EXPECT_EQ(failed(lockout, rules(), kStranger, "shop", kSecond), 0);
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", kSecond).verdict, Verdict::go_on);
  EXPECT_EQ(failed(lockout, rules(), kStranger, "shop", kSecond), 10 * kSecond);
  const auto now = may_try(lockout, rules(), kStranger, "shop", 2 * kSecond);
  EXPECT_EQ(now.verdict, Verdict::banned);
  EXPECT_EQ(now.wait, 9 * kSecond);
  EXPECT_NE(may_try(lockout, rules(), kStranger, "other", 2 * kSecond).verdict, Verdict::banned);
}

TEST(Lockout, ABanEndsByItselfAndTheNextIsTwiceAsLongUpToTheLongest) {
  Lockout lockout;
  const Nanos expected[] = {10 * kSecond, 20 * kSecond, 35 * kSecond, 35 * kSecond};
  Nanos now = kSecond;
  for (const Nanos ban : expected) {
    failed_slowly(lockout, rules(), kStranger, "shop", now);
    failed_slowly(lockout, rules(), kStranger, "shop", now);
    EXPECT_EQ(failed_slowly(lockout, rules(), kStranger, "shop", now), ban);
    EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", now + ban - 1).verdict, Verdict::banned);
    now += ban;
    EXPECT_NE(may_try(lockout, rules(), kStranger, "shop", now).verdict, Verdict::banned);
  }
}

TEST(Lockout, AQuietTimeForgetsEarlierBans) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed_slowly(lockout, rules(), kStranger, "shop", kSecond);
  const Nanos later = 200 * kSecond;
  failed_slowly(lockout, rules(), kStranger, "shop", later);
  failed_slowly(lockout, rules(), kStranger, "shop", later);
  EXPECT_EQ(failed_slowly(lockout, rules(), kStranger, "shop", later), 10 * kSecond);
}

TEST(Lockout, FailuresFarApartAreNoAttack) {
  Lockout lockout;
  for (Nanos i = 0; i < 20; ++i) EXPECT_EQ(failed(lockout, rules(), kTill, "shop", kSecond + i * 40 * kSecond), 0) << i;
}

TEST(Lockout, ASuccessForgetsFailures) {
  Lockout lockout;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(failed(lockout, rules(), kTill, "shop", kSecond), 0);
    EXPECT_EQ(failed(lockout, rules(), kTill, "shop", kSecond), 0);
    succeeded(lockout, rules(), kTill, "shop", kSecond);
  }
}

TEST(Lockout, AStrangerCanNotLockTheOwnerOut) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  for (std::uint32_t n = 0; n < 1'000; ++n) {
    IpAddress each = kStranger;
    each.bytes[3] = static_cast<std::uint8_t>(n);
    each.bytes[2] = static_cast<std::uint8_t>(n >> 8U);
    failed(lockout, rules(), each, "shop", 2 * kSecond);
  }
  EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", 2 * kSecond).verdict, Verdict::go_on) << "it logged in lately";
  const IpAddress newcomer = ip("198.51.100.1");
  const Nanos now = 2 * kSecond + Lockout::kPace;
  EXPECT_EQ(may_try(lockout, rules(), newcomer, "shop", now).verdict, Verdict::go_on) << "slower, not locked";
  const auto second = may_try(lockout, rules(), newcomer, "shop", now);
  EXPECT_EQ(second.verdict, Verdict::slowed);
  EXPECT_EQ(may_try(lockout, rules(), newcomer, "shop", now + second.wait).verdict, Verdict::go_on);
}

TEST(Lockout, AnAddressIsSparedForADayAfterItsLogin) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  const auto attack = [&](Nanos now) {
    for (std::uint32_t n = 0; n < 10; ++n) failed(lockout, rules(), ip("203.0.113." + std::to_string(n)), "shop", now);
  };
  const Nanos last = kSecond + Lockout::kTrusted - 1, later = kSecond + Lockout::kTrusted;
  attack(last);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", last).verdict, Verdict::go_on);
  attack(later);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", later + Lockout::kPace).verdict, Verdict::go_on);
  EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", later + Lockout::kPace).verdict, Verdict::slowed)
      << "like any other, and no more than that";
}

TEST(Lockout, AnAccountIsSlowedForAsLongAsItsFailuresCountAndNeverLocked) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 250; ++n) failed(lockout, rules(), ip("203.0.113." + std::to_string(n)), "shop", kSecond);
  Nanos now = kSecond + Lockout::kPace;
  for (int tries = 0; tries < 20; ++tries) { // each waits as told, and comes through
    EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", now).verdict, Verdict::go_on);
    const auto again = may_try(lockout, rules(), kTill, "shop", now);
    EXPECT_EQ(again.verdict, Verdict::slowed);
    EXPECT_LE(again.wait, Lockout::kPace);
    now += again.wait;
  }
  EXPECT_TRUE(lockout.bans(now).empty());
  now = kSecond + 61 * kSecond; // `within` is over
  for (int i = 0; i < 5; ++i) EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", now).verdict, Verdict::go_on);
}

TEST(Lockout, ASlowedAccountIsShownAndLifted) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 2; ++n) failed(lockout, rules(), ip("203.0.113." + std::to_string(n)), "shop", kSecond);
  EXPECT_TRUE(lockout.slowed(rules(), kSecond).empty()) << "two are none";
  EXPECT_FALSE(lockout.lift(rules(), "till", kSecond));
  failed(lockout, rules(), kStranger, "shop", kSecond);
  const auto slowed = lockout.slowed(rules(), 11 * kSecond);
  ASSERT_EQ(slowed.size(), 1U);
  EXPECT_EQ(slowed[0].account, "shop");
  EXPECT_EQ(slowed[0].failures, 3U);
  EXPECT_EQ(slowed[0].left, 50 * kSecond);
  EXPECT_TRUE(lockout.slowed(rules(), 62 * kSecond).empty()) << "it ends by itself";
  EXPECT_TRUE(lockout.lift(rules(), "shop", 11 * kSecond));
  EXPECT_FALSE(lockout.lift(rules(), "shop", 11 * kSecond));
  EXPECT_TRUE(lockout.slowed(rules(), 11 * kSecond).empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(may_try(lockout, rules(), kTill, "shop", 11 * kSecond).verdict, Verdict::go_on);
}

TEST(Lockout, ToLiftAnAccountLiftsNoBan) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  EXPECT_TRUE(lockout.lift(rules(), "shop", kSecond));
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, AKeyIsNoAccountThatCouldBeSlowed) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 250; ++n) failed(lockout, rules(), ip("203.0.113." + std::to_string(n)), "", kSecond);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(may_try(lockout, rules(), kTill, "", kSecond).verdict, Verdict::go_on);
}

TEST(Lockout, AnIpv6NetworkIsOneStranger) {
  Lockout lockout;
  failed(lockout, rules(), ip("2001:db8::1"), "shop", kSecond);
  failed(lockout, rules(), ip("2001:db8::2"), "shop", kSecond);
  EXPECT_GT(failed(lockout, rules(), ip("2001:db8::3"), "shop", kSecond), 0);
  EXPECT_EQ(may_try(lockout, rules(), ip("2001:db8::4"), "shop", kSecond).verdict, Verdict::banned);
  EXPECT_NE(may_try(lockout, rules(), ip("2001:db8:0:1::1"), "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, BansAreShownAndLifted) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  const auto bans = lockout.bans(2 * kSecond);
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_EQ(bans[0].ip, kStranger);
  EXPECT_EQ(bans[0].account, "shop");
  EXPECT_EQ(bans[0].left, 9 * kSecond);
  EXPECT_EQ(lockout.lift(rules(), kTill, 2 * kSecond).bans, 0U);
  EXPECT_EQ(lockout.lift(rules(), kStranger, 2 * kSecond).bans, 1U);
  EXPECT_TRUE(lockout.bans(2 * kSecond).empty());
  EXPECT_NE(may_try(lockout, rules(), kStranger, "shop", 2 * kSecond).verdict, Verdict::banned);
}

TEST(Lockout, RemembersABoundedNumber) {
  Lockout lockout;
  settings::Lockout strict = rules();
  strict.failures = 1;
  for (std::uint32_t n = 0; n < Lockout::kMost + 2'000; ++n) {
    IpAddress each;
    for (std::size_t i = 0; i < 4; ++i) each.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    failed(lockout, strict, each, std::to_string(n), kSecond);
  }
  EXPECT_LE(lockout.bans(2 * kSecond).size(), Lockout::kMost);
}

TEST(Lockout, AFloodOfInventedNamesForgetsNoBanAndNoOwner) {
  Lockout lockout;
  succeeded(lockout, rules(), kTill, "shop", kSecond);
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  for (std::uint32_t n = 0; n < Lockout::kMost + 2'000; ++n) {
    failed(lockout, rules(), kStranger, "invented " + std::to_string(n), 2 * kSecond);
    failed(lockout, rules(), numbered(n), "shop", 2 * kSecond);
  }
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", 2 * kSecond).verdict, Verdict::banned);
  EXPECT_TRUE(may_try(lockout, rules(), kTill, "shop", 2 * kSecond).trusted);
}

TEST(Lockout, WhatOnlyLooksLikeASuccessForgivesNothing) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) {
    failed(lockout, rules(), kStranger, "shop", kSecond);
    succeeded(lockout, rules(), kStranger, "shop", kSecond, false);
  }
  EXPECT_EQ(may_try(lockout, rules(), kStranger, "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, ABanTellsHowManyTimesItCame) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed_slowly(lockout, rules(), kStranger, "shop", kSecond);
  for (int i = 0; i < 3; ++i) failed_slowly(lockout, rules(), kStranger, "shop", 12 * kSecond);
  const auto bans = lockout.bans(13 * kSecond);
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_EQ(bans[0].times, 2U);
}

TEST(Lockout, TotalsCountWhatIsOverToo) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) failed(lockout, rules(), kStranger, "shop", kSecond);
  failed(lockout, rules(), kTill, "shop", kSecond);
  const auto now = lockout.totals(2 * kSecond);
  EXPECT_EQ(now.banned, 1U);
  EXPECT_EQ(now.bans, 1U);
  EXPECT_EQ(now.failures, 4U);
  const auto later = lockout.totals(11 * kSecond);
  EXPECT_EQ(later.banned, 0U) << "it has ended by itself";
  EXPECT_EQ(later.bans, 1U);
}

TEST(Lockout, SwitchedOffItDoesNothing) {
  Lockout lockout;
  settings::Lockout off = rules();
  off.enabled = false;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(failed(lockout, off, kStranger, "shop", kSecond), 0);
  EXPECT_EQ(may_try(lockout, off, kStranger, "shop", kSecond).verdict, Verdict::go_on);
}

} // namespace
} // namespace ledgergate::client
