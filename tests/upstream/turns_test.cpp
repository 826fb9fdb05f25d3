// Turns between threads: real loops, callers who ask, hold a place, give it back here or elsewhere, hang up and lose patience at
// random. A counter at the "server" says how many were there at once. The order of things is the scheduler's; the choices are a
// seed's.
#include "upstream/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ledgergate::upstream {
namespace {

constexpr io::TimeMs kForEver = 1'000'000'000;

// What all threads share: the turns, who is at the server, what became of all who asked.
struct Shared {
  explicit Shared(std::uint32_t places) : turns(std::make_shared<Turns>(bounds(places))) {}
  static TurnQueue::Bounds bounds(std::uint32_t places) {
    TurnQueue::Bounds made;
    made.places = places;
    made.depth = made.depth_per_client = 1'000;
    return made;
  }
  std::shared_ptr<Turns> turns;
  std::atomic<int> at_server{0}, most{0};
  std::atomic<int> granted{0}, late{0}, left{0}, full{0}, other{0};
  std::atomic<int> passed{0};    // without a turn, while there was no bound
  std::atomic<int> not_alone{0}; // turns that found somebody at the server
  std::mutex lock;
  std::condition_variable changed;
  int running = 0; // callers; guarded by lock

  void enter() {
    const int now = ++at_server;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {}
  }
  void ended() {
    const std::lock_guard guard(lock);
    --running;
    changed.notify_all();
  }
};

// Hangs up when it is told so.
struct Phone final : Turns::Watch {
  bool hung_up = false;
  bool gone() override { return hung_up; }
};

struct Caller {
  Caller(io::Loop& its_loop, Shared& its_shared, unsigned seed) : loop(its_loop), shared(its_shared), random(seed) {
    applicant.client = "client" + std::to_string(seed % 5);
    applicant.connection = seed;
    applicant.turn_class = static_cast<TurnClass>(seed % 3);
  }
  io::Loop& loop;
  Shared& shared;
  std::mt19937 random;
  Applicant applicant;
  std::vector<io::Loop*> others; // where a turn may be given back
  unsigned pick(unsigned bound) { return static_cast<unsigned>(random() % bound); }
};

void count_refusal(Shared& shared, Cause cause) {
  if (cause == Cause::queue_timeout)
    ++shared.late;
  else if (cause == Cause::client_gone)
    ++shared.left;
  else if (cause == Cause::queue_full)
    ++shared.full;
  else
    ++shared.other;
}

// Ends a turn as often on another thread as on this one.
void give_back(Caller& caller, Turn turn) {
  if (caller.pick(2) == 0) {
    --caller.shared.at_server;
    turn.give_back();
    return;
  }
  auto moved = std::make_shared<Turn>(std::move(turn));
  Shared& shared = caller.shared;
  caller.others[caller.pick(static_cast<unsigned>(caller.others.size()))]->post([moved, &shared] {
    --shared.at_server;
    moved->give_back();
  });
}

io::Task<void> ask_once(Caller& caller) {
  io::Wake wake(caller.loop);
  const auto phone = std::make_shared<Phone>();
  // Dials off in a while, if this is still going on; `line` is empty then.
  const auto line = std::make_shared<io::Wake*>(&wake);
  const unsigned mood = caller.pick(4);
  if (mood == 0) {
    caller.loop.post([phone, line] {
      phone->hung_up = true;
      if (*line != nullptr) (*line)->raise(io::kClientIn);
    });
  } else if (mood == 1) {
    // Something of the caller's that is no hang-up.
    caller.loop.post([line] {
      if (*line != nullptr) (*line)->raise(io::kClientIn);
    });
  }
  if (auto passing = caller.shared.turns->beside()) {
    ++caller.shared.passed;
    caller.shared.enter();
    wake.deadline_in(caller.pick(2));
    co_await wake.wait(0);
    *line = nullptr;
    give_back(caller, std::move(*passing));
    co_return;
  }
  const io::TimeMs patience = mood == 2 ? caller.pick(3) : kForEver;
  auto granted = co_await caller.shared.turns->wait(wake, caller.applicant, patience, *phone);
  *line = nullptr;
  if (!granted) {
    count_refusal(caller.shared, granted.error().cause);
    co_return;
  }
  ++caller.shared.granted;
  if (caller.shared.at_server != 0) ++caller.shared.not_alone;
  caller.shared.enter();
  Turn turn = std::move(*granted);
  wake.deadline_in(caller.pick(2));
  co_await wake.wait(0);
  give_back(caller, std::move(turn));
}

io::Detached ask_often(Caller& caller, int times) {
  for (int i = 0; i < times; ++i) co_await ask_once(caller);
  caller.shared.ended();
}

class World {
public:
  static constexpr unsigned kLoops = 4, kCallers = 6;

  World(std::uint32_t places, int times) : shared(places), times_(times) {
    std::vector<io::Loop*> all;
    for (unsigned i = 0; i < kLoops; ++i) all.push_back(&loops_.emplace_back());
    shared.running = kLoops * kCallers;
    for (unsigned i = 0; i < kLoops * kCallers; ++i) {
      callers_.emplace_back(*all[i % kLoops], shared, i + 1);
      callers_.back().others = all;
    }
    for (Caller& caller : callers_) caller.loop.post([this, &caller] { ask_often(caller, times_); });
    for (io::Loop& loop : loops_) threads_.emplace_back([&loop] { loop.run(); });
  }

  // Until all callers have asked as often as they wanted; meanwhile `beside` runs here. Whoever waits for a wake-up that was lost
  // waits for ever: the test says so and can't go on.
  template <class Beside>
  void run(Beside beside) {
    std::unique_lock guard(shared.lock);
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (shared.running != 0) {
      guard.unlock();
      beside();
      guard.lock();
      if (shared.changed.wait_for(guard, std::chrono::milliseconds(1), [&] { return shared.running == 0; })) break;
      if (std::chrono::steady_clock::now() < end) continue;
      std::fprintf(stderr, "%d callers were never woken\n", shared.running);
      std::abort();
    }
    guard.unlock();
    // Turns that are on their way back through another loop come before its stop.
    for (io::Loop& loop : loops_) loop.post([&loop] { loop.stop(); });
    for (auto& thread : threads_) thread.join();
  }
  void run() {
    run([] {});
  }

  void expect_all_accounted_for() {
    EXPECT_EQ(shared.passed + shared.granted + shared.late + shared.left + shared.full,
              static_cast<int>(kLoops * kCallers) * times_);
    EXPECT_EQ(shared.turns->besides(), 0U);
    EXPECT_EQ(shared.other, 0);
    EXPECT_EQ(shared.at_server, 0);
    EXPECT_EQ(shared.turns->taken(), 0U);
    EXPECT_EQ(shared.turns->waiting(), 0U);
    EXPECT_GT(shared.granted, 0);
    EXPECT_GT(shared.left, 0) << "nobody hung up: the test tests less than it says";
  }

  Shared shared;

private:
  int times_;
  std::list<io::Loop> loops_;
  std::list<Caller> callers_;
  std::vector<std::thread> threads_;
};

TEST(Turns, OneAtATimeOverManyThreads) {
  World world(1, 100);
  world.run();
  world.expect_all_accounted_for();
  EXPECT_EQ(world.shared.most, 1);
}

TEST(Turns, NeverMoreThanThePlacesOverManyThreads) {
  World world(3, 200);
  world.run();
  world.expect_all_accounted_for();
  EXPECT_LE(world.shared.most, 3);
}

TEST(Turns, PlacesComeAndGoInMidFlight) {
  World world(1, 200);
  std::uint32_t step = 0;
  world.run([&] { world.shared.turns->set_bounds(Shared::bounds(1 + ++step % 4)); });
  world.expect_all_accounted_for();
  EXPECT_LE(world.shared.most, 4);
}

// A bound that is set while callers are at the server, over and over.
TEST(Turns, AFirstBoundWaitsForWhoIsThereAlready) {
  for (int round = 0; round < 10; ++round) {
    World world(Turns::kNoBound, 20);
    world.run([&] {
      if (world.shared.passed > 40) world.shared.turns->set_bounds(Shared::bounds(1));
    });
    EXPECT_GT(world.shared.passed, 0);
    EXPECT_EQ(world.shared.not_alone, 0);
    EXPECT_EQ(world.shared.at_server, 0);
    EXPECT_EQ(world.shared.turns->besides(), 0U);
    EXPECT_EQ(world.shared.turns->taken(), 0U);
    EXPECT_EQ(world.shared.turns->waiting(), 0U);
  }
}

TEST(Turns, BoundsThatComeAndGoLoseNobody) {
  World world(1, 200);
  bool bounded = true;
  world.run([&] { world.shared.turns->set_bounds(Shared::bounds(std::exchange(bounded, !bounded) ? Turns::kNoBound : 1)); });
  world.expect_all_accounted_for();
}

// --- by hand, on one loop --------------------------------------------------------------------------------------------------------

io::Detached wait_for(Turns& turns, io::Wake& wake, const Applicant& applicant, io::TimeMs patience, Phone& phone,
                      std::optional<Result<Turn>>& outcome) {
  auto granted = co_await turns.wait(wake, applicant, patience, phone);
  outcome.emplace(std::move(granted));
}

TEST(Turns, AGrantThatFindsItsCallerGoneOrTiredIsPassedOn) {
  for (const bool tired : {false, true}) {
    io::Loop loop;
    const auto turns = std::make_shared<Turns>(Shared::bounds(1));
    io::Wake first(loop), second(loop), third(loop);
    Phone phone, other_phone;
    std::optional<Result<Turn>> held, never, next;
    const Applicant a{"a", 1, TurnClass::normal}, b{"b", 2, TurnClass::normal}, c{"c", 3, TurnClass::normal};
    wait_for(*turns, first, a, kForEver, phone, held);
    wait_for(*turns, second, b, kForEver, other_phone, never);
    wait_for(*turns, third, c, kForEver, phone, next);
    ASSERT_TRUE(held && held->ok());
    (*held)->give_back(); // b's turn: the word of it is on its way through the loop
    other_phone.hung_up = !tired;
    second.raise(tired ? io::kExpired : io::kClientIn);
    ASSERT_TRUE(never);
    EXPECT_EQ(never->error().cause, tired ? Cause::queue_timeout : Cause::client_gone);
    EXPECT_FALSE(next);
    uv_run(loop.uv(), UV_RUN_NOWAIT);
    ASSERT_TRUE(next && next->ok());
    EXPECT_EQ(turns->taken(), 1U);
    (*next)->give_back();
    EXPECT_EQ(turns->taken(), 0U);
  }
}

TEST(Turns, WhoIsAskedForNothingWaitsOn) {
  io::Loop loop;
  const auto turns = std::make_shared<Turns>(Shared::bounds(1));
  io::Wake first(loop), second(loop);
  Phone phone;
  std::optional<Result<Turn>> held, next;
  const Applicant a{"a", 1, TurnClass::normal}, b{"b", 2, TurnClass::normal};
  wait_for(*turns, first, a, kForEver, phone, held);
  wait_for(*turns, second, b, kForEver, phone, next);
  second.raise(io::kClientIn); // bytes, and no hang-up
  EXPECT_FALSE(next);
  EXPECT_EQ(turns->waiting(), 1U);
  (**held) = Turn(); // what it held is given back
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_TRUE(next && next->ok() && (*next)->held());
}

} // namespace
} // namespace ledgergate::upstream
