#include "io/task.h"

#include "io/wake.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ledgergate::io::tests {
namespace {

Task<int> number(int value) { co_return value; }

Task<std::unique_ptr<int>> owned(int value) {
  auto made = std::make_unique<int>(value);
  co_return std::move(made);
}

Task<int> added(int left, int right) {
  const auto first = co_await number(left);
  const auto second = co_await number(right);
  co_return first + second;
}

Detached keep_sum(int& out) {
  const auto sum = co_await added(20, 22);
  out = sum;
}

Detached keep_owned(std::unique_ptr<int>& out) {
  auto made = co_await owned(7);
  out = std::move(made);
}

TEST(Task, HandsItsValueToTheAwaiter) {
  int sum = 0;
  keep_sum(sum);
  EXPECT_EQ(sum, 42);
}

TEST(Task, MovesAValueThatCannotBeCopied) {
  std::unique_ptr<int> out;
  keep_owned(out);
  ASSERT_TRUE(out);
  EXPECT_EQ(*out, 7);
}

Task<int> said(std::vector<std::string>& events) {
  events.emplace_back("began");
  co_return 1;
}

TEST(Task, OneThatIsNeverAwaitedNeverBegins) {
  std::vector<std::string> events;
  { const Task<int> unused = said(events); }
  EXPECT_TRUE(events.empty());
}

Task<void> nothing() { co_return; }

Detached await_many(int times, int& done) {
  for (int i = 0; i < times; ++i) {
    co_await nothing();
    ++done;
  }
}

// g++ 12 makes no jump of a call in a sanitizer's build, so a long run does need stack there, and only there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLong = 1'000;
#else
constexpr int kLong = 1'000'000;
#endif

// Without symmetric transfer as a jump at every level this overflows the stack (CMakeLists.txt: -foptimize-sibling-calls).
TEST(Task, ALongRunOfTasksThatFinishAtOnceDoesNotGrowTheStack) {
  int done = 0;
  await_many(kLong, done);
  EXPECT_EQ(done, kLong);
}

Task<int> depth(int levels) {
  if (levels == 0) co_return 0;
  const auto below = co_await depth(levels - 1);
  co_return below + 1;
}

Detached keep_depth(int levels, int& out) {
  const auto counted = co_await depth(levels);
  out = counted;
}

TEST(Task, ADeepChainReturnsThroughEveryLevel) {
  int out = 0;
  keep_depth(kLong / 10, out);
  EXPECT_EQ(out, kLong / 10);
}

Task<Result<int>> out_of_memory() {
  throw std::bad_alloc();
  co_return 1;
}

Task<Result<int>> passes_on() {
  const auto inner = co_await out_of_memory();
  if (!inner) co_return inner.error();
  co_return *inner + 1;
}

Detached keep_cause(Cause& out) {
  const auto result = co_await passes_on();
  if (!result) out = result.error().cause;
}

TEST(Task, MemoryThatRunsOutBecomesAnErrorOfThisRequest) {
  Cause cause = Cause::internal;
  keep_cause(cause);
  EXPECT_EQ(cause, Cause::out_of_memory);
}

struct Marked {
  explicit Marked(std::vector<std::string>& into, std::string word) : events(into), name(std::move(word)) {}
  ~Marked() { events.push_back(name); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;
  std::vector<std::string>& events;
  std::string name;
};

Task<int> waits(Wake& wake, std::vector<std::string>& events) {
  const Marked local(events, "inner local");
  const auto happened = co_await wake.wait(kAnswer);
  co_return static_cast<int>(happened);
}

Detached story(Wake& wake, std::vector<std::string>& events) {
  const Marked local(events, "outer local");
  const auto result = co_await waits(wake, events);
  events.push_back("got " + std::to_string(result));
}

TEST(Task, LocalsLiveAcrossASuspensionAndEndInOrder) {
  Loop loop;
  Wake wake(loop);
  std::vector<std::string> events;
  story(wake, events);
  EXPECT_TRUE(events.empty());
  wake.raise(kAnswer);
  EXPECT_EQ(events, (std::vector<std::string>{"inner local", "got " + std::to_string(kAnswer), "outer local"}));
}

TEST(Task, TheSteadyStateTakesNoFramesFromTheHeap) {
  std::thread([] {
    int sum = 0;
    keep_sum(sum);
    const std::uint64_t warm = FramePool::heap_frames();
    EXPECT_GT(warm, 0U);
    for (int i = 0; i < 100; ++i) keep_sum(sum);
    EXPECT_EQ(FramePool::heap_frames(), warm);
  }).join();
}

} // namespace
} // namespace ledgergate::io::tests
