#include "client/meter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ledgergate::client {
namespace {

using settings::Rate;
constexpr Nanos kSecond = 1'000'000'000;

Rate a_minute(std::uint64_t amount, std::uint64_t burst = 0) { return {amount, std::chrono::milliseconds(60'000), burst}; }

TEST(Bucket, LetsTheBurstThroughAtOnceAndThenTheRate) {
  Bucket bucket;
  const Rate rate = a_minute(60, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_EQ(bucket.take(rate, 1, 0), kSecond);
  EXPECT_EQ(bucket.take(rate, 1, kSecond - 1), 1);
  EXPECT_EQ(bucket.take(rate, 1, kSecond), 0);
  EXPECT_EQ(bucket.take(rate, 1, kSecond), kSecond);
}

TEST(Bucket, ARefusalTakesNothing) {
  Bucket bucket;
  const Rate rate = a_minute(60, 1);
  EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.take(rate, 1, 0), kSecond);
  EXPECT_EQ(bucket.take(rate, 1, kSecond), 0);
}

TEST(Bucket, WithoutABurstTheWholeAmountMayComeAtOnce) {
  Bucket bucket;
  const Rate rate = a_minute(5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_GT(bucket.take(rate, 1, 0), 0);
}

TEST(Bucket, NeverHoldsMoreThanItsBurstHoweverLongNobodyCame) {
  Bucket bucket;
  const Rate rate = a_minute(60, 2);
  EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_EQ(bucket.take(rate, 1, 1'000 * kSecond), 0);
  EXPECT_EQ(bucket.take(rate, 1, 1'000 * kSecond), 0);
  EXPECT_EQ(bucket.take(rate, 1, 1'000 * kSecond), kSecond);
}

TEST(Bucket, AnAmountBeyondTheBurstPassesAFullBucketOnly) {
  Bucket bucket;
  const Rate rate = a_minute(60, 2);
  EXPECT_EQ(bucket.take(rate, 100, 0), 0);
  EXPECT_EQ(bucket.take(rate, 100, 0), 2 * kSecond);
}

TEST(Bucket, WhatHasPassedIsADebt) {
  Bucket bucket;
  const Rate rate{1'000, std::chrono::milliseconds(1000), 1'000};
  bucket.charge(rate, 3'000, 0);
  EXPECT_EQ(bucket.wait(rate, 0), 2 * kSecond + kSecond / 1'000);
  EXPECT_EQ(bucket.left(rate, 0), 0U);
  EXPECT_EQ(bucket.wait(rate, 2 * kSecond + kSecond / 1'000), 0);
  EXPECT_EQ(bucket.left(rate, 3 * kSecond), 1'000U);
}

TEST(Bucket, TellsWhatIsLeftAndWhenItIsFull) {
  Bucket bucket;
  const Rate rate = a_minute(60, 10);
  EXPECT_EQ(bucket.left(rate, 0), 10U);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_EQ(bucket.left(rate, 0), 6U);
  EXPECT_EQ(bucket.until_full(0), 4 * kSecond);
  EXPECT_EQ(bucket.until_full(5 * kSecond), 0);
}

TEST(Bucket, WhatIsGivenBackCanBeTakenAgain) {
  Bucket bucket;
  const Rate rate = a_minute(60, 2);
  EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  bucket.give_back(rate, 1);
  EXPECT_EQ(bucket.take(rate, 1, 0), 0);
  EXPECT_GT(bucket.take(rate, 1, 0), 0);
  bucket.give_back(rate, 1);
  EXPECT_EQ(bucket.left(rate, 1'000 * kSecond), 2U) << "never more than it holds";
}

TEST(Bucket, NoRateIsNoBound) {
  Bucket bucket;
  bucket.charge({}, 1'000'000, 0);
  EXPECT_EQ(bucket.take({}, 1'000'000, 0), 0);
  EXPECT_EQ(bucket.wait({}, 0), 0);
}

TEST(Bucket, HugeAmountsDoNotOverflow) {
  Bucket bucket;
  const Rate rate{1, std::chrono::hours(24), 1};
  for (int i = 0; i < 100; ++i) bucket.charge(rate, UINT64_MAX, kSecond);
  EXPECT_GT(bucket.wait(rate, kSecond), 0);
}

// Settings of every size: nothing overflows (UBSan looks on), no wait is negative, and whoever waits as told is let through.
TEST(Bucket, NoSettingMakesItOverflow) {
  const std::uint64_t amounts[] = {1, 60, 1'000'000'000'000, UINT64_MAX};
  const std::uint64_t bursts[] = {0, 1, 1'000'000'000, UINT64_MAX};
  const std::int64_t times[] = {1, 1'000, 3'600'000, 31'536'000'000, INT64_MAX};
  for (const std::uint64_t amount : amounts)
    for (const std::uint64_t burst : bursts)
      for (const std::int64_t per : times)
        for (const std::uint64_t taken : amounts) {
          Bucket bucket;
          const Rate rate{amount, std::chrono::milliseconds(per), burst};
          Nanos now = kSecond;
          for (int turn = 0; turn < 20; ++turn) {
            const Nanos wait = bucket.take(rate, taken, now);
            ASSERT_GE(wait, 0);
            ASSERT_LE(bucket.left(rate, now), burst != 0 ? burst : amount);
            ASSERT_GE(bucket.wait(rate, now), 0);
            ASSERT_GE(bucket.until_full(now), 0);
            if (wait > kForever / 4) break; // longer than the clock goes
            if (wait > 0) {
              ASSERT_EQ(bucket.take(rate, taken, now + wait), 0);
            }
            now += wait;
            if (now > kForever / 4) break;
            bucket.charge(rate, taken, now);
            for (int back = 0; back < 8; ++back) bucket.give_back(rate, taken);
          }
        }
}

TEST(Bucket, ThreadsTogetherGetNoMoreThanOneWould) {
  Bucket bucket;
  const Rate rate = a_minute(60, 100);
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i)
        if (bucket.take(rate, 1, 5) == 0) ++allowed;
    });
  for (auto& each : threads) each.join();
  EXPECT_EQ(allowed.load(), 100);
}

TEST(Share, CountsWhatIsOpenAndRefusesBeyondTheBound) {
  std::atomic<std::uint32_t> count{0};
  Share first(count, 2);
  {
    Share second(count, 2);
    EXPECT_TRUE(second.taken());
    EXPECT_FALSE(Share(count, 2).taken());
    EXPECT_EQ(count.load(), 2U);
  }
  EXPECT_EQ(count.load(), 1U);
  Share moved = std::move(first);
  EXPECT_FALSE(first.taken()); // NOLINT(bugprone-use-after-move): it says that it has nothing
  moved.leave();
  EXPECT_EQ(count.load(), 0U);
}

} // namespace
} // namespace ledgergate::client
