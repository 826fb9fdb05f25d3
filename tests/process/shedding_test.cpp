#include "state/shedding.h"

#include "process/make_room.h"
#include "serve/worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include <algorithm>
#include <vector>

namespace ledgergate {
namespace {

constexpr std::uint64_t kKi = 1024;
using Numbers = std::vector<std::uint64_t>;

// Connections with the numbers from `first` on.
void add(std::vector<Holder>& to, std::uint64_t first, std::uint64_t count, std::uint64_t bytes, std::uint64_t client = 0) {
  for (std::uint64_t i = 0; i < count; ++i) to.push_back({first + i, bytes, client});
}

Numbers from(std::uint64_t first, std::uint64_t count) {
  Numbers out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(first + i);
  return out;
}

TEST(Choose, TakesNobodyForNothing) {
  std::vector<Holder> none;
  EXPECT_TRUE(choose(none, 1000 * kKi).connections.empty());
  std::vector<Holder> some;
  add(some, 1, 10, 100 * kKi);
  EXPECT_TRUE(choose(some, 0).connections.empty());
}

TEST(Choose, TheLargestStrangersGoFirstAndNoMoreThanNeeded) {
  std::vector<Holder> all;
  add(all, 1, 5, 90 * kKi);
  add(all, 6, 2, 900 * kKi);
  add(all, 8, 5, 300 * kKi);
  EXPECT_EQ(choose(all, 1000 * kKi).connections, from(6, 2));
  EXPECT_EQ(choose(all, 1900 * kKi).connections, from(6, 3));
  const Chosen chosen = choose(all, 100'000 * kKi);
  EXPECT_EQ(chosen.connections, from(1, 12));
  EXPECT_EQ(chosen.strangers, 12U);
  EXPECT_EQ(chosen.clients, 0U);
}

TEST(Choose, OfLikeSizeTheOldestGoes) {
  std::vector<Holder> all;
  add(all, 20, 1, 70 * kKi);
  add(all, 10, 1, 90 * kKi);
  add(all, 30, 1, 120 * kKi);
  EXPECT_EQ(choose(all, 1).connections, Numbers{10});
  EXPECT_EQ(choose(all, 100 * kKi).connections, (Numbers{10, 20}));
}

TEST(Choose, AStrangerGoesBeforeAClientHoweverLargeThatIs) {
  std::vector<Holder> all;
  add(all, 1, 1, 100'000 * kKi, 7);
  add(all, 2, 100, 100 * kKi);
  const Chosen chosen = choose(all, 5'000 * kKi);
  EXPECT_EQ(chosen.strangers, 50U);
  EXPECT_EQ(chosen.clients, 0U);
  EXPECT_EQ(chosen.connections, from(2, 50));
}

TEST(Choose, BehindTheStrangersTheClientThatHoldsMostGoesWithItsLargest) {
  std::vector<Holder> all;
  add(all, 1, 40, 90 * kKi, 7);   // 3600 in all
  add(all, 41, 1, 2000 * kKi, 8); // and this is one
  add(all, 42, 1, 100 * kKi, 7);
  const Chosen chosen = choose(all, 300 * kKi);
  EXPECT_EQ(chosen.clients, 4U);
  EXPECT_TRUE(std::find(chosen.connections.begin(), chosen.connections.end(), 42) != chosen.connections.end());
  EXPECT_TRUE(std::find(chosen.connections.begin(), chosen.connections.end(), 41) == chosen.connections.end());
  EXPECT_EQ(choose(all, 3'000 * kKi).connections.back(), 42U);
}

TEST(Choose, WhoIsKnownAndSmallStaysWhateverIsMissing) {
  std::vector<Holder> all;
  for (std::uint64_t client = 1; client <= 100; ++client) add(all, client * 10, 4, 128 * kKi, client);
  EXPECT_TRUE(choose(all, 100'000 * kKi).connections.empty()) << "512 KiB each";
  add(all, 5'000, 10, 128 * kKi, 1);
  EXPECT_EQ(choose(all, 100'000 * kKi).clients, 10U) << "and down to that";
}

TEST(Choose, TheNewestOfTheSmallStrangersStay) {
  std::vector<Holder> all;
  add(all, 1, 1000, 15 * kKi);
  add(all, 2000, 10, 50 * kKi); // still in their handshakes: newer, and somewhat larger
  const Chosen chosen = choose(all, 100'000 * kKi);
  EXPECT_EQ(chosen.connections, from(1, 1010 - kNewcomers));
}

TEST(Choose, ALargeStrangerIsNoNewcomer) {
  std::vector<Holder> all;
  add(all, 1, 30, 15 * kKi);
  add(all, 31, 30, 64 * kKi);
  EXPECT_EQ(choose(all, 100'000 * kKi).connections, from(31, 30));
}

struct Rounds : ::testing::Test {
  Shedding shedding;
  int complete = 0;
  void SetUp() override {
    shedding.when_complete([this] { ++complete; });
  }
};

TEST_F(Rounds, AreCompleteWithTheLastReport) {
  const std::uint64_t round = shedding.begin(2, 1000 * kKi);
  std::vector<Holder> one, other;
  add(one, 1, 1, 500 * kKi);
  add(other, 2, 1, 900 * kKi);
  add(other, 3, 1, 900 * kKi, 5);
  shedding.report(round, one);
  EXPECT_EQ(complete, 0);
  shedding.report(round, other);
  EXPECT_EQ(complete, 1);
  EXPECT_EQ(shedding.take().connections, from(1, 2));
  EXPECT_TRUE(shedding.take().connections.empty()) << "once";
  EXPECT_EQ(shedding.totals().strangers, 2U);
  EXPECT_EQ(shedding.totals().clients, 0U);
}

TEST_F(Rounds, ALateReportIsNotOfTheNextOne) {
  std::vector<Holder> holders;
  add(holders, 1, 1, 500 * kKi);
  const std::uint64_t first = shedding.begin(2, 1000 * kKi);
  shedding.report(first, holders);
  const std::uint64_t second = shedding.begin(2, 1000 * kKi);
  shedding.report(first, holders);
  shedding.report(second, holders);
  EXPECT_EQ(complete, 0);
  EXPECT_TRUE(shedding.take().connections.empty());
  shedding.report(second, {});
  EXPECT_EQ(complete, 1);
  EXPECT_EQ(shedding.take().connections, Numbers{1});
}

TEST_F(Rounds, OneThatIsClosedWaitsForNobody) {
  std::vector<Holder> holders;
  add(holders, 1, 1, 500 * kKi);
  const std::uint64_t round = shedding.begin(3, 1000 * kKi);
  shedding.report(round, holders);
  shedding.close();
  EXPECT_EQ(shedding.take().connections, Numbers{1});
  shedding.report(round, holders);
  EXPECT_EQ(complete, 0);
  EXPECT_TRUE(shedding.take().connections.empty()) << "too late";
}

// One whose drain is over reports no more.
TEST(RoomMaker, ARoundIsCompleteWithoutAWorkerThatHasEnded) {
  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < 2; ++i) workers.push_back(std::make_unique<Worker>(shared, i));
  std::promise<void> complete;
  shared.shedding.when_complete([&] { complete.set_value(); });
  std::vector<std::promise<void>> over(workers.size());
  for (const auto& worker : workers) worker->start();
  workers[1]->drain([&] { over[1].set_value(); });
  over[1].get_future().wait();
  while (!workers[1]->over()) std::this_thread::yield();
  RoomMaker room(shared, workers);
  room.set_budget(1);
  room.look(1000);
  EXPECT_EQ(complete.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  workers[0]->drain([&] { over[0].set_value(); });
  for (const auto& worker : workers) worker->join();
}

} // namespace
} // namespace ledgergate
