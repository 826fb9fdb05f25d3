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

struct Steps {
  std::vector<std::uint64_t> rounds; // at each of them
  bool done = false;
};

Detached step_by_step(Wake& wake, Events begin, int steps, Steps& out) {
  co_await wake.wait(begin);
  for (int i = 0; i < steps; ++i) {
    out.rounds.push_back(wake.loop().round());
    co_await wake.next_round();
  }
  out.done = true;
}

Detached drain_stream(Wake& wake, Stream& stream, std::size_t& got) {
  for (;;) {
    const Step step = stream.fill();
    if (step == Step::done) {
      got += stream.input().size();
      stream.consume(stream.input().size());
      continue;
    }
    if (step != Step::blocked) co_return;
    stream.want_input();
    const auto happened = co_await wake.wait(kClientIn);
    if ((happened & kExpired) != 0) co_return;
  }
}

// However it was woken: by its deadline, by I/O, or by the round before.
TEST(Wake, EachNextRoundIsOneInWhichTheLoopHasLookedForEvents) {
  for (const bool by_deadline : {false, true}) {
    Loop loop;
    Wake wake(loop);
    Steps steps;
    step_by_step(wake, kClientIn, 20, steps);
    if (by_deadline)
      wake.deadline_in(1);
    else
      loop.post([&] { wake.raise(kClientIn); });
    ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return steps.done; }));
    ASSERT_EQ(steps.rounds.size(), 20U);
    for (std::size_t i = 1; i < steps.rounds.size(); ++i) EXPECT_GT(steps.rounds[i], steps.rounds[i - 1]) << "step " << i;
  }
}

TEST(Wake, WhileOneTakesManyStepsAnothersInputIsServed) {
  Loop loop;
  auto [near, far] = ledgergate::tests::connected_pair();
  const auto stream = Stream::adopt(loop, near.release());
  Wake reader(loop), worker(loop);
  stream->attach(&reader, kClientIn, kClientOut);
  std::size_t got = 0;
  drain_stream(reader, *stream, got);
  Steps steps;
  step_by_step(worker, kAnswer, 10'000, steps);
  loop.post([&] { worker.raise(kAnswer); });
  ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return steps.rounds.size() > 10; }));
  ASSERT_FALSE(steps.done) << "one turn of the loop is not all of them";
  far.send("hello");
  ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return got == 5 || steps.done; }));
  EXPECT_EQ(got, 5U);
  EXPECT_FALSE(steps.done);
  worker.halt();
  EXPECT_TRUE(steps.done);
  reader.halt();
}

// What a story does that waits on a stream which has failed, and does not look at it: the wait is over before it begins.
Detached wait_for_what_is_there(Wake& wake, Steps& out) {
  for (;;) {
    wake.raise(kClientIn);
    const auto happened = co_await wake.wait(kClientIn);
    out.rounds.push_back(wake.loop().round());
    if ((happened & kExpired) != 0) break;
  }
  out.done = true;
}

TEST(Wake, WhoWaitsForWhatIsThereAlreadyKeepsNobodyFromTheLoopAndItsOwnDeadlineFromPassing) {
  Loop loop;
  auto [near, far] = ledgergate::tests::connected_pair();
  const auto stream = Stream::adopt(loop, near.release());
  Wake reader(loop), spinner(loop);
  stream->attach(&reader, kClientIn, kClientOut);
  std::size_t got = 0;
  drain_stream(reader, *stream, got);
  Steps steps;
  spinner.deadline_in(300);
  const TimeMs deadline = spinner.deadline();
  loop.post([&] { wait_for_what_is_there(spinner, steps); });
  far.send("hello");
  ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return got == 5 || steps.done; }));
  EXPECT_EQ(got, 5U);
  EXPECT_TRUE(steps.done || spinner.deadline() == deadline) << "resting does not move it";
  ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return steps.done; }));
  EXPECT_GE(loop.now(), deadline);
  reader.halt();
}

TEST(Wake, ADeadlineThatIsSetWhileAStoryRestsHolds) {
  Loop loop;
  Wake spinner(loop);
  Steps steps;
  wait_for_what_is_there(spinner, steps);
  ASSERT_FALSE(steps.done);
  spinner.deadline_at(0);
  ASSERT_TRUE(ledgergate::tests::turn_until(loop, [&] { return steps.done; }));
  EXPECT_LT(steps.rounds.back(), 10U);
}

TEST(Wake, AHaltEndsOneThatRests) {
  Loop loop;
  Wake spinner(loop);
  Steps steps;
  wait_for_what_is_there(spinner, steps);
  ASSERT_FALSE(steps.done);
  spinner.halt();
  EXPECT_TRUE(steps.done);
}

// Many small steps must not cost a tick of the clock each.
TEST(Wake, TheLoopDoesNotSleepBeforeTheNextRoundAndSleepsAgainBehindIt) {
  Loop loop;
  {
    Wake wake(loop);
    Steps steps;
    step_by_step(wake, kAnswer, 3, steps);
    wake.deadline_in(100'000);
    wake.raise(kAnswer);
    for (int turn = 1; turn <= 3; ++turn) {
      EXPECT_EQ(uv_backend_timeout(loop.uv()), 0);
      EXPECT_EQ(steps.rounds.size(), static_cast<std::size_t>(turn));
      uv_run(loop.uv(), UV_RUN_ONCE);
    }
    EXPECT_TRUE(steps.done);
    EXPECT_EQ(wake.deadline(), kNever);
  }
  EXPECT_NE(uv_backend_timeout(loop.uv()), 0);
}

TEST(Wake, OneThatEndsBeforeItsNextRoundIsForgotten) {
  Loop loop;
  {
    Wake wake(loop);
    Steps steps;
    step_by_step(wake, kAnswer, 1, steps);
    wake.raise(kAnswer);
    wake.halt();
    EXPECT_TRUE(steps.done);
  }
  for (int i = 0; i < 3; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_NE(uv_backend_timeout(loop.uv()), 0);
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
