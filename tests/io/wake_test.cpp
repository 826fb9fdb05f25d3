#include "io/wake.h"

#include "../loop_world.h"
#include "io/task.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace ledgergate::io::tests {
namespace {

Detached wait_once(Wake& wake, Events events, std::optional<Events>& happened) {
  const auto seen = co_await wake.wait(events);
  happened = seen;
}

Detached wait_twice(Wake& wake, Events events, std::vector<Events>& happened) {
  const auto first = co_await wake.wait(events);
  happened.push_back(first);
  const auto second = co_await wake.wait(events);
  happened.push_back(second);
}

TEST(Wake, AnEventThatCameBeforeTheWaitIsNotLost) {
  Loop loop;
  Wake wake(loop);
  wake.raise(kClientIn);
  std::optional<Events> happened;
  wait_once(wake, kClientIn, happened);
  EXPECT_EQ(happened, kClientIn);
  EXPECT_FALSE(wake.pending(kClientIn)) << "it is dealt with";
}

TEST(Wake, ResumesTheStoryInsideRaise) {
  Loop loop;
  Wake wake(loop);
  std::optional<Events> happened;
  wait_once(wake, kServerIn, happened);
  EXPECT_FALSE(happened);
  wake.raise(kServerIn);
  EXPECT_EQ(happened, kServerIn);
}

TEST(Wake, AnEventNobodyWaitsForStaysPending) {
  Loop loop;
  Wake wake(loop);
  std::optional<Events> happened;
  wait_once(wake, kServerIn, happened);
  wake.raise(kClientIn);
  EXPECT_FALSE(happened);
  EXPECT_TRUE(wake.pending(kClientIn));
  wake.raise(kServerIn);
  EXPECT_EQ(happened, kServerIn) << "the other event is not part of the answer";
  EXPECT_TRUE(wake.pending(kClientIn));
  wake.forget(kClientIn);
  EXPECT_FALSE(wake.pending(kClientIn));
}

TEST(Wake, ReportsAllThatHappenedAtOnce) {
  Loop loop;
  Wake wake(loop);
  wake.raise(kClientIn);
  wake.raise(kServerIn);
  std::optional<Events> happened;
  wait_once(wake, kClientIn | kServerIn, happened);
  EXPECT_EQ(happened, kClientIn | kServerIn);
}

TEST(Wake, EveryWaitReturnsWhenTheDeadlinePasses) {
  Loop loop;
  Wake wake(loop);
  std::optional<Events> happened;
  wake.deadline_in(1);
  wait_once(wake, kClientIn, happened);
  EXPECT_FALSE(happened);
  EXPECT_TRUE(ledgergate::tests::turn_until(loop, [&] { return happened.has_value(); }));
  EXPECT_EQ(happened, kExpired);
  EXPECT_EQ(wake.deadline(), kNever);
}

TEST(Wake, ANewDeadlineForgetsTheOldExpiry) {
  Loop loop;
  Wake wake(loop);
  wake.raise(kExpired);
  wake.deadline_in(100'000);
  std::optional<Events> happened;
  wait_once(wake, kClientIn, happened);
  EXPECT_FALSE(happened);
  wake.raise(kClientIn);
  EXPECT_EQ(happened, kClientIn);
}

TEST(Wake, AHaltedStoryIsToldSoAtEveryWaitWhateverDeadlineItSets) {
  Loop loop;
  Wake wake(loop);
  std::vector<Events> happened;
  wait_twice(wake, kClientIn, happened);
  wake.halt();
  EXPECT_EQ(happened, (std::vector<Events>{kExpired, kExpired}));
  wake.deadline_in(100'000);
  std::optional<Events> later;
  wait_once(wake, kClientIn, later);
  EXPECT_EQ(later, kExpired);
}

TEST(Loop, PostedJobsRunOnTheLoopInTheirOrder) {
  Loop loop;
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) loop.post([&order, i] { order.push_back(i); });
  loop.post([&loop] { loop.stop(); });
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

} // namespace
} // namespace ledgergate::io::tests
