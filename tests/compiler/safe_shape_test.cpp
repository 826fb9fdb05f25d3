// The shapes that the program is allowed to use (scripts/safe-shape), each suspended and resumed from outside: every object has to
// be destroyed exactly once and where it was made. Built at -O0, -O1 and -O2.
#include "probe.h"

#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::compiler {
namespace {

using io::Detached;
using io::Task;

struct Link {
  Counted counted;
  std::unique_ptr<int> owned;
  bool reused = false;
};

Task<int> plain(int value) {
  co_await pass();
  co_return value;
}
Task<int> takes(Counted counted, std::string text) {
  const Counted local(counted.value);
  co_await pass();
  co_return local.value + static_cast<int>(text.size());
}
Task<int> refers(const Link& link) {
  co_await pass();
  co_return *link.owned + link.counted.value;
}
Task<Counted> gives(int value) {
  Counted made(value);
  co_await pass();
  co_return std::move(made);
}
Task<Link> gives_aggregate(int value) {
  auto owned = std::make_unique<int>(value);
  co_await pass();
  co_return Link{Counted(value), std::move(owned), true};
}
Task<Result<Link>> gives_result(bool good) {
  co_await pass();
  if (!good) co_return Error{Cause::connect_refused, "text"};
  co_return Link{Counted(5), std::make_unique<int>(5), false};
}
Task<std::vector<std::string>> gives_list() {
  co_await pass();
  co_return std::vector<std::string>{"a string that is too long for its small buffer", "b"};
}
Task<Result<void>> passes_on(bool good) {
  const auto link = co_await gives_result(good);
  if (!link) co_return link.error();
  co_return Result<void>{};
}

// As a call does for whose frame there is no memory.
Task<int> perhaps(int value) {
  if (value < 0) throw std::bad_alloc();
  return plain(value);
}

struct SafeShape : ::testing::Test {
  void SetUp() override { Counted::restart(); }
};

Detached constant(int& out) {
  const auto value = co_await plain(7);
  out = value;
}
TEST_F(SafeShape, AConstantTakesTheResult) {
  int out = 0;
  constant(out);
  EXPECT_EQ(out, 0) << "it is suspended";
  gate.go();
  EXPECT_EQ(out, 7);
}

Detached tries(int value, int& out) {
  const Counted around(1);
  int got = 0;
  try {
    const Counted inside(2);
    got = co_await perhaps(value);
    got += inside.value;
  } catch (const std::bad_alloc&) {
    got = -1;
  }
  const auto more = co_await plain(10);
  out = got + around.value + more;
}
TEST_F(SafeShape, ACallThatThrowsBeforeThereIsAFrameIsCaught) {
  for (const auto& [value, wanted] : {std::pair{5, 18}, std::pair{-5, 10}}) {
    int out = 0;
    tries(value, out);
    EXPECT_EQ(out, 0) << "it is suspended";
    gate.go();
    EXPECT_EQ(out, wanted);
    EXPECT_TRUE(Counted::even());
  }
}

Detached temporaries(int& out) {
  const auto value = co_await takes(Counted(3), std::string("a text that is too long ") + "for its small buffer");
  out = value;
}
TEST_F(SafeShape, TemporariesPassedByValueLiveOnce) {
  int out = 0;
  temporaries(out);
  gate.go();
  EXPECT_EQ(out, 47);
  EXPECT_TRUE(Counted::even());
}

Detached moved(int& out) {
  Counted named(4);
  const std::string text = "x";
  const auto value = co_await takes(std::move(named), text);
  out = value;
}
TEST_F(SafeShape, ANamedObjectIsMovedIn) {
  int out = 0;
  moved(out);
  gate.go();
  EXPECT_EQ(out, 5);
  EXPECT_TRUE(Counted::even());
}

Detached objects(int& out) {
  auto counted = co_await gives(9);
  auto link = co_await gives_aggregate(11);
  const auto list = co_await gives_list();
  counted = co_await gives(10);
  link.counted = co_await gives(1);
  const auto sum = co_await refers(link);
  out = counted.value + sum + static_cast<int>(list.size());
}
TEST_F(SafeShape, ObjectsAreReturnedAndAssigned) {
  int out = 0;
  objects(out);
  gate.go();
  EXPECT_EQ(out, 10 + 11 + 1 + 2);
  EXPECT_TRUE(Counted::even());
}

Detached results(std::vector<std::string>& out) {
  for (const bool good : {true, false, true}) {
    const auto done = co_await passes_on(good);
    out.emplace_back(done ? "good" : done.error().detail);
  }
}
TEST_F(SafeShape, ResultsPassThroughSeveralLevels) {
  std::vector<std::string> out;
  results(out);
  gate.go();
  EXPECT_EQ(out, (std::vector<std::string>{"good", "text", "good"}));
  EXPECT_TRUE(Counted::even());
}

Task<int> branches(int which) {
  Counted outer(which);
  int value = 0;
  if (which == 0)
    value = co_await plain(1);
  else if (which == 1)
    co_return co_await plain(2);
  else {
    const Counted inner(which);
    value = co_await plain(inner.value);
    if (value > 2) co_return co_await takes(outer, "abc");
  }
  switch (value) {
  case 1: co_await pass(); break;
  default: co_await plain(0);
  }
  co_return value;
}
Detached all_branches(std::vector<int>& out) {
  for (int which = 0; which < 4; ++which) {
    const auto value = co_await branches(which);
    out.push_back(value);
  }
}
TEST_F(SafeShape, AwaitsInTheBodiesOfBranchesKeepTheirSurroundings) {
  std::vector<int> out;
  all_branches(out);
  gate.go();
  EXPECT_EQ(out, (std::vector<int>{1, 2, 2, 6}));
  EXPECT_TRUE(Counted::even());
}

Detached looped(int& out) {
  for (int i = 0; i < 1000; ++i) {
    const Counted each(i);
    const auto value = co_await plain(each.value);
    if (value % 3 == 0) continue;
    out += value;
    if (value == 900) break;
  }
}
TEST_F(SafeShape, LocalsOfALoopEndWithEachRound) {
  int out = 0;
  looped(out);
  gate.go();
  int expected = 0;
  for (int i = 0; i < 1000; ++i) expected += i % 3 == 0 ? 0 : i;
  EXPECT_EQ(out, expected);
  EXPECT_TRUE(Counted::even());
}

// What is left behind the last await is destructors, so that resuming and destroying look alike (clang 14; io/task.h).
Task<void> waits(int& out) {
  co_await pass();
  ++out;
}
Task<int> answers(int& out) {
  co_await pass();
  co_return ++out;
}
Detached ends_with_an_await(int& out) {
  const Counted local(1);
  co_await waits(out);
  if (out == 1) co_await waits(out);
}
Detached ends_with_an_unused_answer(int& out) {
  const Counted local(1);
  co_await waits(out);
  if (out == 1) co_await answers(out);
}
TEST_F(SafeShape, WhatFollowsTheLastAwaitHappens) {
  for (const auto story : {ends_with_an_await, ends_with_an_unused_answer}) {
    int out = 0;
    story(out);
    gate.go();
    EXPECT_EQ(out, 2);
    EXPECT_TRUE(Counted::even()) << "the story has not come to its end";
  }
}

Task<Result<int>> throws(bool now) {
  const Counted local(1);
  if (now) throw std::bad_alloc();
  co_await pass();
  throw std::bad_alloc();
  co_return 1;
}
Detached caught(std::vector<Cause>& out) {
  for (const bool now : {true, false}) {
    const auto result = co_await throws(now);
    if (!result) out.push_back(result.error().cause);
  }
}
TEST_F(SafeShape, AnExceptionUnwindsTheFrameOnce) {
  std::vector<Cause> out;
  caught(out);
  gate.go();
  EXPECT_EQ(out, (std::vector<Cause>{Cause::out_of_memory, Cause::out_of_memory}));
  EXPECT_TRUE(Counted::even());
}

} // namespace
} // namespace ledgergate::compiler
