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

} // namespace
} // namespace ledgergate::upstream
