#include "http/rate_guard.h"

#include <gtest/gtest.h>

namespace ledgergate::http::tests {
namespace {

// 500 B/s over 30 s, as the settings' default: 15,000 bytes a window.
RateGuard begun_at(std::uint64_t now) {
  RateGuard guard(500, 30'000);
  guard.restart(now);
  return guard;
}

TEST(RateGuard, AWindowIsJudgedAtItsEndOnly) {
  RateGuard guard = begun_at(1000);
  EXPECT_EQ(guard.deadline(), 31'000U);
  EXPECT_TRUE(guard.moved(0, 30'999));
  EXPECT_FALSE(guard.moved(0, 31'000));
}

TEST(RateGuard, ExactlyTheMinimumIsEnough) {
  RateGuard guard = begun_at(0);
  EXPECT_TRUE(guard.moved(14'999, 10));
  EXPECT_TRUE(guard.moved(1, 30'000));
  RateGuard slower = begun_at(0);
  EXPECT_TRUE(slower.moved(14'999, 10));
  EXPECT_FALSE(slower.moved(0, 30'000));
}

TEST(RateGuard, AGoodWindowBeginsTheNextWithNothing) {
  RateGuard guard = begun_at(0);
  EXPECT_TRUE(guard.moved(1'000'000, 30'000));
  EXPECT_EQ(guard.deadline(), 60'000U);
  EXPECT_FALSE(guard.moved(0, 60'000)) << "what was fast before does not excuse a stall";
}

TEST(RateGuard, ABodyMayTakeForEverAtTheMinimumRate) {
  RateGuard guard = begun_at(0);
  for (std::uint64_t second = 1; second <= 24 * 3600; ++second) ASSERT_TRUE(guard.moved(500, second * 1000)) << second;
}

TEST(RateGuard, TimeInWhichSomethingElseWasWaitedForDoesNotCount) {
  RateGuard guard = begun_at(0);
  EXPECT_TRUE(guard.moved(10, 29'000));
  guard.restart(500'000);
  EXPECT_TRUE(guard.moved(0, 529'999));
  EXPECT_FALSE(guard.moved(0, 530'000));
}

} // namespace
} // namespace ledgergate::http::tests
