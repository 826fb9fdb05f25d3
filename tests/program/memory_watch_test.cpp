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
