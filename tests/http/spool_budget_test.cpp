#include "http/spool_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ledgergate::http::tests {
namespace {

using Fit = SpoolBudget::Fit;
constexpr SpoolBudget::Bounds kBounds{400, 4000};

TEST(SpoolBudget, NothingFitsBeforeItsBoundsAreSet) {
  SpoolBudget budget;
  SpoolPart part(budget, "a");
  EXPECT_FALSE(part.take_memory(1));
  EXPECT_NE(part.take_file(1), Fit::yes);
  budget.set_bounds(kBounds);
  EXPECT_TRUE(part.take_memory(1));
  EXPECT_EQ(part.take_file(1), Fit::yes);
}

TEST(SpoolBudget, AClientHoldsAQuarterAndOthersNoticeNothing) {
  SpoolBudget budget(kBounds);
  SpoolPart first(budget, "greedy"), second(budget, "greedy"), other(budget, "other");
  EXPECT_EQ(first.take_file(600), Fit::yes);
  EXPECT_EQ(second.take_file(400), Fit::yes);
  EXPECT_EQ(second.take_file(1), Fit::client_full);
  EXPECT_EQ(other.take_file(1000), Fit::yes);
  EXPECT_TRUE(first.take_memory(100));
  EXPECT_FALSE(second.take_memory(1));
  EXPECT_TRUE(other.take_memory(100));
}

TEST(SpoolBudget, ABodyBeyondAQuarterNeverFits) {
  SpoolBudget budget(kBounds);
  SpoolPart part(budget, "a");
  EXPECT_EQ(part.fits_file(1001), Fit::never);
  EXPECT_EQ(part.take_file(1001), Fit::never);
  EXPECT_EQ(part.take_file(1000), Fit::yes);
  EXPECT_EQ(part.take_file(1), Fit::never) << "as it grows, too";
}

TEST(SpoolBudget, AllTogetherHoldNoMoreThanTheWhole) {
  SpoolBudget budget(kBounds);
  std::vector<SpoolPart> parts;
  for (const char* name : {"a", "b", "c", "d"}) {
    parts.emplace_back(budget, name);
    EXPECT_EQ(parts.back().take_file(1000), Fit::yes);
    EXPECT_TRUE(parts.back().take_memory(100));
  }
  SpoolPart fifth(budget, "e");
  EXPECT_EQ(fifth.take_file(1), Fit::full);
  EXPECT_FALSE(fifth.take_memory(1));
  parts.pop_back();
  EXPECT_EQ(fifth.take_file(1000), Fit::yes);
}

TEST(SpoolBudget, GivesBackExactlyOnce) {
  SpoolBudget budget(kBounds);
  {
    SpoolPart part(budget, "a");
    ASSERT_EQ(part.take_file(500), Fit::yes);
    ASSERT_TRUE(part.take_memory(50));
    part.give_file(200);
    EXPECT_EQ(budget.held().files, 300U);
    SpoolPart moved(std::move(part));
    EXPECT_EQ(budget.held().files, 300U);
    EXPECT_EQ(moved.held().files, 300U);
    SpoolPart other(budget, "b");
    ASSERT_EQ(other.take_file(7), Fit::yes);
    moved = std::move(other); // gives its own back first
    EXPECT_EQ(budget.held().files, 7U);
    EXPECT_EQ(budget.held().memory, 0U);
    EXPECT_EQ(budget.clients(), 1U);
    moved.give_all();
    moved.give_all();
  }
  EXPECT_TRUE(budget.held().nothing());
  EXPECT_EQ(budget.clients(), 0U) << "who holds nothing is forgotten";
}

TEST(SpoolBudget, ARefusalTakesNothing) {
  SpoolBudget budget(kBounds);
  SpoolPart part(budget, "a");
  EXPECT_FALSE(part.take_memory(101));
  EXPECT_EQ(part.take_file(~std::uint64_t{0}), Fit::never);
  EXPECT_TRUE(budget.held().nothing());
  EXPECT_EQ(budget.clients(), 0U);
}

TEST(SpoolBudget, LoweredBoundsTakeNothingAwayAndLetNothingIn) {
  SpoolBudget budget(kBounds);
  SpoolPart part(budget, "a"), other(budget, "b");
  ASSERT_EQ(part.take_file(900), Fit::yes);
  budget.set_bounds({40, 400});
  EXPECT_EQ(budget.held().files, 900U);
  EXPECT_NE(part.take_file(1), Fit::yes);
  EXPECT_EQ(other.take_file(1), Fit::full);
  part.give_file(900);
  EXPECT_EQ(other.take_file(100), Fit::yes);
  EXPECT_EQ(other.take_file(1), Fit::never);
}

TEST(SpoolBudget, APartOfNoBudgetIsNeverRefused) {
  SpoolPart part;
  EXPECT_TRUE(part.take_memory(~std::uint64_t{0} / 2));
  EXPECT_EQ(part.take_file(~std::uint64_t{0} / 2), Fit::yes);
  part.give_all();
  EXPECT_TRUE(part.held().nothing());
}

// Threads that take and give as they can: the bounds hold at every moment, and nothing is left at the end.
TEST(SpoolBudget, HoldsItsBoundsUnderManyThreads) {
  SpoolBudget budget(kBounds);
  std::atomic<bool> broken{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([&, number] {
      for (int round = 0; round < 2000; ++round) {
        SpoolPart part(budget, number % 2 == 0 ? "even" : "odd");
        if (part.take_file(400) != Fit::yes || !part.take_memory(40)) ++refused;
        const auto held = budget.held();
        if (held.files > 2000 || held.memory > 200) broken = true; // two clients: two quarters
        part.give_file(part.held().files / 2);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(broken);
  EXPECT_TRUE(budget.held().nothing());
  EXPECT_EQ(budget.clients(), 0U);
}

} // namespace
} // namespace ledgergate::http::tests
