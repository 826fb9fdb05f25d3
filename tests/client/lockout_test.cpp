#include "client/lockout.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::client {
namespace {

constexpr Nanos kSecond = 1'000'000'000;
using Verdict = Lockout::Verdict;

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }
const IpAddress kTill = ip("192.0.2.1");
const IpAddress kStranger = ip("203.0.113.9");

settings::Lockout rules() {
  settings::Lockout out;
  out.failures = 3;
  out.within = std::chrono::seconds(60);
  out.ban = std::chrono::seconds(10);
  out.longest = std::chrono::seconds(35);
  return out;
}

TEST(Lockout, BansAnAddressForAnAccountAfterSoManyFailures) {
  Lockout lockout;
  EXPECT_EQ(lockout.failed(rules(), kStranger, "shop", kSecond), 0);
  EXPECT_EQ(lockout.failed(rules(), kStranger, "shop", kSecond), 0);
  EXPECT_EQ(lockout.may_try(rules(), kStranger, "shop", kSecond).verdict, Verdict::go_on);
  EXPECT_EQ(lockout.failed(rules(), kStranger, "shop", kSecond), 10 * kSecond);
  const auto now = lockout.may_try(rules(), kStranger, "shop", 2 * kSecond);
  EXPECT_EQ(now.verdict, Verdict::banned);
  EXPECT_EQ(now.wait, 9 * kSecond);
  EXPECT_NE(lockout.may_try(rules(), kStranger, "other", 2 * kSecond).verdict, Verdict::banned);
}

TEST(Lockout, ABanEndsByItselfAndTheNextIsTwiceAsLongUpToTheLongest) {
  Lockout lockout;
  const Nanos expected[] = {10 * kSecond, 20 * kSecond, 35 * kSecond, 35 * kSecond};
  Nanos now = kSecond;
  for (const Nanos ban : expected) {
    lockout.failed(rules(), kStranger, "shop", now);
    lockout.failed(rules(), kStranger, "shop", now);
    EXPECT_EQ(lockout.failed(rules(), kStranger, "shop", now), ban);
    EXPECT_EQ(lockout.may_try(rules(), kStranger, "shop", now + ban - 1).verdict, Verdict::banned);
    now += ban;
    EXPECT_NE(lockout.may_try(rules(), kStranger, "shop", now).verdict, Verdict::banned);
  }
}

TEST(Lockout, AQuietTimeForgetsEarlierBans) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  const Nanos later = 200 * kSecond;
  lockout.failed(rules(), kStranger, "shop", later);
  lockout.failed(rules(), kStranger, "shop", later);
  EXPECT_EQ(lockout.failed(rules(), kStranger, "shop", later), 10 * kSecond);
}

TEST(Lockout, FailuresFarApartAreNoAttack) {
  Lockout lockout;
  for (Nanos i = 0; i < 20; ++i) EXPECT_EQ(lockout.failed(rules(), kTill, "shop", kSecond + i * 40 * kSecond), 0) << i;
}

TEST(Lockout, ASuccessForgetsFailures) {
  Lockout lockout;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(lockout.failed(rules(), kTill, "shop", kSecond), 0);
    EXPECT_EQ(lockout.failed(rules(), kTill, "shop", kSecond), 0);
    lockout.succeeded(kTill, "shop", kSecond);
  }
}

TEST(Lockout, AStrangerCanNotLockTheOwnerOut) {
  Lockout lockout;
  lockout.succeeded(kTill, "shop", kSecond);
  for (std::uint32_t n = 0; n < 1'000; ++n) {
    IpAddress each = kStranger;
    each.bytes[3] = static_cast<std::uint8_t>(n);
    each.bytes[2] = static_cast<std::uint8_t>(n >> 8U);
    lockout.failed(rules(), each, "shop", 2 * kSecond);
  }
  EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", 2 * kSecond).verdict, Verdict::go_on) << "it logged in lately";
  const IpAddress newcomer = ip("198.51.100.1");
  EXPECT_EQ(lockout.may_try(rules(), newcomer, "shop", 2 * kSecond).verdict, Verdict::go_on) << "slower, not locked";
  const auto second = lockout.may_try(rules(), newcomer, "shop", 2 * kSecond);
  EXPECT_EQ(second.verdict, Verdict::slowed);
  EXPECT_EQ(lockout.may_try(rules(), newcomer, "shop", 2 * kSecond + second.wait).verdict, Verdict::go_on);
}

TEST(Lockout, AnAddressIsSparedForADayAfterItsLogin) {
  Lockout lockout;
  lockout.succeeded(kTill, "shop", kSecond);
  const auto attack = [&](Nanos now) {
    for (std::uint32_t n = 0; n < 10; ++n) lockout.failed(rules(), ip("203.0.113." + std::to_string(n)), "shop", now);
  };
  const Nanos last = kSecond + Lockout::kTrusted - 1, later = kSecond + Lockout::kTrusted;
  attack(last);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", last).verdict, Verdict::go_on);
  attack(later);
  EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", later).verdict, Verdict::go_on);
  EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", later).verdict, Verdict::slowed) << "like any other, and no more than that";
}

TEST(Lockout, AnAccountIsSlowedForAsLongAsItsFailuresCountAndNeverLocked) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 250; ++n) lockout.failed(rules(), ip("203.0.113." + std::to_string(n)), "shop", kSecond);
  Nanos now = kSecond;
  for (int tries = 0; tries < 20; ++tries) { // each waits as told, and comes through
    EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", now).verdict, Verdict::go_on);
    const auto again = lockout.may_try(rules(), kTill, "shop", now);
    EXPECT_EQ(again.verdict, Verdict::slowed);
    EXPECT_LE(again.wait, Lockout::kPace);
    now += again.wait;
  }
  EXPECT_TRUE(lockout.bans(now).empty());
  now = kSecond + 61 * kSecond; // `within` is over
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", now).verdict, Verdict::go_on);
}

TEST(Lockout, ASlowedAccountIsShownAndLifted) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 2; ++n) lockout.failed(rules(), ip("203.0.113." + std::to_string(n)), "shop", kSecond);
  EXPECT_TRUE(lockout.slowed(rules(), kSecond).empty()) << "two are none";
  EXPECT_FALSE(lockout.lift(rules(), "till", kSecond));
  lockout.failed(rules(), kStranger, "shop", kSecond);
  const auto slowed = lockout.slowed(rules(), 11 * kSecond);
  ASSERT_EQ(slowed.size(), 1U);
  EXPECT_EQ(slowed[0].account, "shop");
  EXPECT_EQ(slowed[0].failures, 3U);
  EXPECT_EQ(slowed[0].left, 50 * kSecond);
  EXPECT_TRUE(lockout.slowed(rules(), 62 * kSecond).empty()) << "it ends by itself";
  EXPECT_TRUE(lockout.lift(rules(), "shop", 11 * kSecond));
  EXPECT_FALSE(lockout.lift(rules(), "shop", 11 * kSecond));
  EXPECT_TRUE(lockout.slowed(rules(), 11 * kSecond).empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lockout.may_try(rules(), kTill, "shop", 11 * kSecond).verdict, Verdict::go_on);
}

TEST(Lockout, ToLiftAnAccountLiftsNoBan) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  EXPECT_TRUE(lockout.lift(rules(), "shop", kSecond));
  EXPECT_EQ(lockout.may_try(rules(), kStranger, "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, AKeyIsNoAccountThatCouldBeSlowed) {
  Lockout lockout;
  for (std::uint32_t n = 0; n < 250; ++n) lockout.failed(rules(), ip("203.0.113." + std::to_string(n)), "", kSecond);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lockout.may_try(rules(), kTill, "", kSecond).verdict, Verdict::go_on);
}

TEST(Lockout, AnIpv6NetworkIsOneStranger) {
  Lockout lockout;
  lockout.failed(rules(), ip("2001:db8::1"), "shop", kSecond);
  lockout.failed(rules(), ip("2001:db8::2"), "shop", kSecond);
  EXPECT_GT(lockout.failed(rules(), ip("2001:db8::3"), "shop", kSecond), 0);
  EXPECT_EQ(lockout.may_try(rules(), ip("2001:db8::4"), "shop", kSecond).verdict, Verdict::banned);
  EXPECT_NE(lockout.may_try(rules(), ip("2001:db8:0:1::1"), "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, BansAreShownAndLifted) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  const auto bans = lockout.bans(2 * kSecond);
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_EQ(bans[0].ip, kStranger);
  EXPECT_EQ(bans[0].account, "shop");
  EXPECT_EQ(bans[0].left, 9 * kSecond);
  EXPECT_EQ(lockout.lift(kTill, 2 * kSecond), 0U);
  EXPECT_EQ(lockout.lift(kStranger, 2 * kSecond), 1U);
  EXPECT_TRUE(lockout.bans(2 * kSecond).empty());
  EXPECT_NE(lockout.may_try(rules(), kStranger, "shop", 2 * kSecond).verdict, Verdict::banned);
}

TEST(Lockout, RemembersABoundedNumber) {
  Lockout lockout;
  settings::Lockout strict = rules();
  strict.failures = 1;
  for (std::uint32_t n = 0; n < 2 * Lockout::kMost; ++n) {
    IpAddress each;
    for (std::size_t i = 0; i < 4; ++i) each.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    lockout.failed(strict, each, std::to_string(n), kSecond);
  }
  EXPECT_LE(lockout.bans(2 * kSecond).size(), Lockout::kMost);
}

IpAddress numbered(std::uint32_t n) {
  IpAddress out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return out;
}

TEST(Lockout, AFloodOfInventedNamesForgetsNoBanAndNoOwner) {
  Lockout lockout;
  lockout.succeeded(kTill, "shop", kSecond);
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  for (std::uint32_t n = 0; n < 3 * Lockout::kMost; ++n) {
    lockout.failed(rules(), kStranger, "invented " + std::to_string(n), 2 * kSecond);
    lockout.failed(rules(), numbered(n), "shop", 2 * kSecond);
  }
  EXPECT_EQ(lockout.may_try(rules(), kStranger, "shop", 2 * kSecond).verdict, Verdict::banned);
  EXPECT_TRUE(lockout.may_try(rules(), kTill, "shop", 2 * kSecond).trusted);
}

TEST(Lockout, WhatOnlyLooksLikeASuccessForgivesNothing) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) {
    lockout.failed(rules(), kStranger, "shop", kSecond);
    lockout.succeeded(kStranger, "shop", kSecond, false);
  }
  EXPECT_EQ(lockout.may_try(rules(), kStranger, "shop", kSecond).verdict, Verdict::banned);
}

TEST(Lockout, ABanTellsHowManyTimesItCame) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", 12 * kSecond);
  const auto bans = lockout.bans(13 * kSecond);
  ASSERT_EQ(bans.size(), 1U);
  EXPECT_EQ(bans[0].times, 2U);
}

TEST(Lockout, TotalsCountWhatIsOverToo) {
  Lockout lockout;
  for (int i = 0; i < 3; ++i) lockout.failed(rules(), kStranger, "shop", kSecond);
  lockout.failed(rules(), kTill, "shop", kSecond);
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
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lockout.failed(off, kStranger, "shop", kSecond), 0);
  EXPECT_EQ(lockout.may_try(off, kStranger, "shop", kSecond).verdict, Verdict::go_on);
}

} // namespace
} // namespace ledgergate::client
