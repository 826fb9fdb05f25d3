#include "upstream/health_count.h"

#include <gtest/gtest.h>

namespace ledgergate::upstream {
namespace {

using Change = HealthCount::Change;

settings::Health rules(bool active = false) {
  settings::Health made;
  made.active = active;
  made.fall = 3;
  made.rise = 2;
  return made;
}

TEST(HealthCount, GoesDownAfterSoManyFailuresInARow) {
  HealthCount count;
  EXPECT_EQ(count.failed(rules(), 1, "connect_refused"), Change::none);
  EXPECT_EQ(count.failed(rules(), 2, "connect_refused"), Change::none);
  EXPECT_FALSE(count.down());
  EXPECT_EQ(count.failed(rules(), 3, "connect_timeout"), Change::went_down);
  EXPECT_TRUE(count.down());
  EXPECT_EQ(count.since(), 3);
  EXPECT_EQ(count.why(), "connect_timeout");
  EXPECT_EQ(count.failed(rules(), 4, "connect_refused"), Change::none) << "once is said once";
  EXPECT_EQ(count.since(), 3);
}

TEST(HealthCount, AConnectionInBetweenBeginsAnew) {
  HealthCount count;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(count.failed(rules(), i, "connect_refused"), Change::none);
    EXPECT_EQ(count.failed(rules(), i, "connect_refused"), Change::none);
    count.reached(rules());
  }
}

TEST(HealthCount, WhereAnswersAreAskedForAConnectionIsNone) {
  HealthCount count;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(count.failed(rules(true), i, "reply_timeout"), Change::none);
    count.reached(rules(true));
  }
  EXPECT_EQ(count.failed(rules(true), 2, "reply_timeout"), Change::went_down);
}

TEST(HealthCount, ComesUpAfterSoManyAnswersInARow) {
  HealthCount count;
  for (int i = 0; i < 3; ++i) static_cast<void>(count.failed(rules(), i, "connect_refused"));
  count.reached(rules());
  EXPECT_EQ(count.answered(rules()), Change::none);
  EXPECT_EQ(count.failed(rules(), 9, "connect_refused"), Change::none);
  EXPECT_EQ(count.answered(rules()), Change::none);
  EXPECT_TRUE(count.suspected());
  EXPECT_EQ(count.answered(rules()), Change::came_up);
  EXPECT_FALSE(count.suspected());
  EXPECT_EQ(count.answered(rules()), Change::none);
}

TEST(WithJitter, KeepsWithinATenth) {
  Micros least = 1'000'000, most = 0;
  for (std::uint64_t chance = 0; chance < 10'000; ++chance) {
    const Micros wait = with_jitter(10'000, chance * 0x9e3779b97f4a7c15ULL);
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_EQ(least, 9'000);
  EXPECT_EQ(most, 11'000);
  EXPECT_EQ(with_jitter(1, 7), 1);
}

} // namespace
} // namespace ledgergate::upstream
