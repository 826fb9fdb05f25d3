#include "upstream/status_board.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>

namespace ledgergate::upstream::tests {
namespace {

using Seat = StatusBoard::Seat;

ProbeReply reply(std::string body) {
  ProbeReply made;
  made.status = 200;
  made.body = std::move(body);
  return made;
}

struct StatusBoardTest : ::testing::Test, ledgergate::tests::LoopWorld {
  std::shared_ptr<StatusBoard> board = std::make_shared<StatusBoard>();
  io::Wake wake{loop}, other{loop};
};

TEST_F(StatusBoardTest, OneAsksAndAllAreTold) {
  Seat first(wake), second(other);
  auto asked = board->ask(first, 10, 0);
  ASSERT_TRUE(asked.duty);
  EXPECT_FALSE(board->ask(second, 11, 0).duty) << "somebody asks already";
  EXPECT_EQ(first.take(), nullptr);
  EXPECT_TRUE(first.waiting());
  asked.duty->publish(reply("idle"), 20);
  settle();
  for (Seat* seat : {&first, &second}) {
    const auto known = seat->take();
    ASSERT_TRUE(known);
    EXPECT_EQ(known->said->body, "idle");
    EXPECT_EQ(known->begun, 10);
    EXPECT_FALSE(seat->waiting());
  }
  EXPECT_TRUE(wake.pending(io::kAnswer));
}

TEST_F(StatusBoardTest, AnAnswerIsGoodForASecond) {
  Seat seat(wake);
  board->ask(seat, 10, 0).duty->publish(reply("idle"), 20);
  settle();
  static_cast<void>(seat.take());
  EXPECT_TRUE(board->ask(seat, 20 + StatusBoard::kFresh - 1, 0).known);
  EXPECT_FALSE(seat.waiting());
  EXPECT_TRUE(board->ask(seat, 20 + StatusBoard::kFresh, 0).duty);
}

TEST_F(StatusBoardTest, OneThatWasAskedForTooEarlyIsNotGiven) {
  Seat seat(wake);
  board->ask(seat, 10, 0).duty->publish(reply("idle"), 20);
  EXPECT_FALSE(board->ask(seat, 21, 11).known);
}

TEST_F(StatusBoardTest, AFailureIsToldOnce) {
  Seat seat(wake);
  board->ask(seat, 10, 0).duty->publish(Error{Cause::upstream_closed}, 20);
  settle();
  const auto known = seat.take();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->said.error().cause, Cause::upstream_closed);
  const auto again = board->ask(seat, 21, 0);
  EXPECT_FALSE(again.known);
  EXPECT_TRUE(again.duty);
}

TEST_F(StatusBoardTest, ADutyThatComesToNothingIsTold) {
  Seat seat(wake);
  { const auto asked = board->ask(seat, 10, 0); }
  settle();
  const auto known = seat.take();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->said.error().cause, Cause::out_of_memory);
  EXPECT_TRUE(board->ask(seat, 11, 0).duty);
}

TEST_F(StatusBoardTest, WhoLeavesIsNotWoken) {
  auto gone = std::make_unique<io::Wake>(loop);
  auto seat = std::make_unique<Seat>(*gone);
  auto asked = board->ask(*seat, 10, 0);
  seat.reset();
  gone.reset();
  asked.duty->publish(reply("idle"), 20);
  settle();
}

// Threads with loops of their own, as workers are: everybody who waits is told, and never two ask.
TEST(StatusBoard, AcrossThreads) {
  const auto board = std::make_shared<StatusBoard>();
  std::atomic<int> asking{0};
  std::atomic<Micros> clock{0};
  // Made and ended here: libuv closes by bare system calls, which TSan does not see, so that it would take the reuse of a
  // descriptor's number by another thread for a race.
  std::array<ledgergate::tests::LoopWorld, 3> worlds;
  const auto work = [&](ledgergate::tests::LoopWorld& world) {
    for (int i = 0; i < 300; ++i) {
      io::Wake wake(world.loop);
      Seat seat(wake);
      auto asked = board->ask(seat, clock += StatusBoard::kFresh / 3, 0);
      if (asked.known) continue;
      if (asked.duty) {
        EXPECT_EQ(asking.fetch_add(1), 0);
        world.settle(2);
        asking.fetch_sub(1);
        asked.duty->publish(reply("idle"), clock.load());
      }
      ASSERT_TRUE(world.until([&] { return seat.take() != nullptr; }));
    }
  };
  std::array<std::thread, 3> threads;
  for (std::size_t n = 0; n < threads.size(); ++n) threads[n] = std::thread(work, std::ref(worlds[n]));
  for (auto& thread : threads) thread.join();
}

} // namespace
} // namespace ledgergate::upstream::tests
