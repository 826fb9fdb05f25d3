#include "memory_watch.h"

#include <gtest/gtest.h>

namespace ledgergate {
namespace {

TEST(MemoryWatch, GoesOverAtTheBudgetAndComesBackAnEighthBelow) {
  MemoryWatch watch;
  watch.set_budget(800);
  EXPECT_FALSE(watch.saw(800));
  EXPECT_FALSE(watch.over());
  EXPECT_TRUE(watch.saw(801));
  EXPECT_TRUE(watch.over());
  EXPECT_FALSE(watch.saw(750)) << "still over: it must not flicker";
  EXPECT_TRUE(watch.over());
  EXPECT_TRUE(watch.saw(700));
  EXPECT_FALSE(watch.over());
}

TEST(MemoryWatch, SaysHowMuchHasToBeGivenBack) {
  MemoryWatch watch;
  watch.set_budget(800);
  watch.saw(790);
  EXPECT_EQ(watch.excess(790), 0U) << "within it";
  watch.saw(900);
  EXPECT_EQ(watch.excess(900), 200U) << "down to where it is within it again";
  watch.saw(701);
  EXPECT_EQ(watch.excess(701), 1U);
  watch.saw(700);
  EXPECT_EQ(watch.excess(700), 0U);
}

TEST(MemoryWatch, ReadsTheKernelsCount) {
  EXPECT_EQ(resident_bytes("123 45 6 7 0 8 0\n", 4096), 45U * 4096);
  EXPECT_EQ(resident_bytes("", 4096), std::nullopt);
  EXPECT_EQ(resident_bytes("123", 4096), std::nullopt);
  EXPECT_EQ(resident_bytes("123 x", 4096), std::nullopt);
  ASSERT_TRUE(resident_now());
  EXPECT_GT(*resident_now(), 100U * 1024);
}

TEST(MemoryWatch, TheBudgetByItselfIsLessThanTheMachineHas) {
  EXPECT_GT(default_memory_budget(), 1U << 20U);
  EXPECT_LT(default_memory_budget(), std::uint64_t{1} << 50U);
}

} // namespace
} // namespace ledgergate
