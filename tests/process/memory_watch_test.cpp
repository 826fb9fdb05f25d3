#include "process/memory_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <unistd.h>

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

TEST(MemoryWatch, TheBudgetByItselfIsThreeQuartersOfTheMachinesOrOfItsGroups) {
  const auto of_machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  EXPECT_LE(default_memory_budget(), of_machine / 4 * 3);
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  std::getline(groups, line);
  std::uint64_t all = of_machine, bound = 0;
  if (line.starts_with("0::") && std::ifstream("/sys/fs/cgroup" + line.substr(3) + "/memory.max") >> bound)
    all = std::min(all, bound);
  EXPECT_EQ(default_memory_budget(), all / 4 * 3);
}

} // namespace
} // namespace ledgergate
