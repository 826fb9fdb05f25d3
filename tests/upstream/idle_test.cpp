#include "upstream/idle.h"

#include <gtest/gtest.h>

namespace ledgergate::upstream {
namespace {

constexpr Micros kSecond = 1'000'000;

TEST(SeenIdle, OnceIsNotEnough) {
  SeenIdle idle(100);
  EXPECT_EQ(idle.next(), 100);
  EXPECT_FALSE(idle.saw(100, true));
  EXPECT_EQ(idle.next(), 100 + kSecond);
  EXPECT_TRUE(idle.saw(100 + kSecond, true));
}

TEST(SeenIdle, WhatWasAskedBeforeTheLastByteLeftSaysNothing) {
  SeenIdle idle(100);
  EXPECT_FALSE(idle.saw(99, true));
  EXPECT_FALSE(idle.saw(100, true)) << "the first that counts";
  EXPECT_FALSE(idle.saw(100 + kSecond - 1, true)) << "not a second apart";
  EXPECT_EQ(idle.next(), 100 + kSecond);
  EXPECT_TRUE(idle.saw(100 + kSecond, true));
}

TEST(SeenIdle, WorkInBetweenBeginsAnew) {
  SeenIdle idle(0);
  EXPECT_FALSE(idle.saw(0, true));
  EXPECT_FALSE(idle.saw(kSecond, false));
  EXPECT_FALSE(idle.saw(2 * kSecond, true));
  EXPECT_TRUE(idle.saw(3 * kSecond, true));
}

TEST(SeenIdle, ALongWorkIsAskedAboutMoreSeldom) {
  SeenIdle idle(0);
  Micros now = 0, pause = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(idle.saw(now, false));
    EXPECT_GE(idle.next() - now, pause);
    EXPECT_GE(idle.next() - now, SeenIdle::kApart);
    pause = idle.next() - now;
    now = idle.next();
  }
  EXPECT_EQ(pause, SeenIdle::kSeldom);
  EXPECT_FALSE(idle.saw(now, true));
  EXPECT_EQ(idle.next(), now + SeenIdle::kApart) << "and soon again once it may be done";
}

// A server that works, with a full backlog.
TEST(SeenGone, WhileTheOldConnectionLivesRefusalsSayNothing) {
  SeenGone gone(10 * kSecond);
  for (Micros now = 0; now < 3600 * kSecond; now += kSecond) EXPECT_FALSE(gone.saw(now, true));
}

TEST(SeenGone, RefusalsForLongEnoughBehindTheEndOfTheConnection) {
  SeenGone gone(10 * kSecond);
  gone.connection_over(kSecond);
  Micros now = kSecond;
  for (; now < 11 * kSecond; now += kSecond) EXPECT_FALSE(gone.saw(now, true));
  EXPECT_TRUE(gone.saw(now, true));
}

TEST(SeenGone, TwoAreNeverEnough) {
  SeenGone gone(kSecond);
  gone.connection_over(0);
  EXPECT_FALSE(gone.saw(0, true));
  EXPECT_FALSE(gone.saw(3600 * kSecond, true));
  EXPECT_TRUE(gone.saw(3601 * kSecond, true));
}

TEST(SeenGone, AnyOtherAnswerBeginsAnew) {
  SeenGone gone(5 * kSecond);
  gone.connection_over(0);
  for (Micros now = 0; now < 5 * kSecond; now += kSecond) EXPECT_FALSE(gone.saw(now, true));
  EXPECT_FALSE(gone.saw(5 * kSecond, false));
  for (Micros now = 6 * kSecond; now < 11 * kSecond; now += kSecond) EXPECT_FALSE(gone.saw(now, true));
  EXPECT_TRUE(gone.saw(11 * kSecond, true));
}

TEST(SeenGone, WhatWasAskedBeforeTheConnectionWasOverSaysNothing) {
  SeenGone gone(kSecond);
  for (Micros now = 0; now < 10 * kSecond; now += kSecond) EXPECT_FALSE(gone.saw(now, true));
  gone.connection_over(10 * kSecond);
  EXPECT_FALSE(gone.saw(9 * kSecond, true)) << "somebody else's, of before";
  EXPECT_FALSE(gone.saw(10 * kSecond, true));
  EXPECT_FALSE(gone.saw(11 * kSecond, true));
  gone.connection_over(12 * kSecond); // it is over once
  EXPECT_TRUE(gone.saw(12 * kSecond, true));
}

} // namespace
} // namespace ledgergate::upstream
