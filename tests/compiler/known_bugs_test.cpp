// Shapes that some version of g++ compiles wrongly without a word. Each is tried beside the safe way to write the same: that one
// has to work, and what becomes of the other is only told. When a compiler that we build with gets all of them right, the rule that
// forbids them (scripts/safe-shape) may be looked at again.
#include "probe.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

namespace ledgergate::compiler {
namespace {

using io::Detached;
using io::Task;

// Runs in a process of its own: a miscompiled coroutine may do anything.
std::string becomes(const std::function<bool()>& probe) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    Counted::restart();
    ::_exit(probe() ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return "not run";
  if (WIFSIGNALED(status)) return "crashes";
  return WEXITSTATUS(status) == 0 ? "right" : "wrong";
}

// A probe starts a story; it is right when the story ends with 42 and every object has lived once.
using Story = Detached (*)(int&);
bool runs_well(Story story) {
  int out = 0;
  story(out);
  gate.go();
  return out == 42 && Counted::even();
}

void compare(const char* bug, Story safe, Story unsafe) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer would report what this looks for";
#endif
  EXPECT_EQ(becomes([&] { return runs_well(safe); }), "right") << bug << ", written safely";
  const std::string told = becomes([&] { return runs_well(unsafe); });
  ::testing::Test::RecordProperty("unsafe_shape", told);
  std::printf("  %s, written unsafely: %s (%s)\n", bug, told.c_str(), __VERSION__);
  EXPECT_NE(told, "not run");
}

Task<int> number(Counted counted) {
  co_await pass();
  co_return counted.value;
}
Task<bool> yes(Counted counted) {
  co_await pass();
  co_return counted.value == 1;
}

// --- a condition: the frame's layout (GCC bug 106188) ---------------------------------------------------------------------------

Detached condition_safe(int& out) {
  const Counted outer(40);
  const auto go = co_await yes(Counted(1));
  if (go) {
    const Counted inner(2);
    const auto value = co_await number(inner);
    out = outer.value + value;
  }
}
Detached condition_unsafe(int& out) {
  const Counted outer(40);
  if (co_await yes(Counted(1))) {
    const Counted inner(2);
    const auto value = co_await number(inner);
    out = outer.value + value;
  }
}
TEST(KnownBug, AwaitInACondition) { compare("106188: co_await in a condition", condition_safe, condition_unsafe); }

Detached both_safe(int& out) {
  const auto first = co_await yes(Counted(1));
  auto second = false;
  if (first) second = co_await yes(Counted(1));
  if (first && second) out = 42;
}
Detached both_unsafe(int& out) {
  if (co_await yes(Counted(1)) && co_await yes(Counted(1))) out = 42;
}
TEST(KnownBug, AwaitOnBothSidesOfAnAnd) { compare("106188: co_await beside &&", both_safe, both_unsafe); }

// --- temporaries of an aggregate (99576, 101976) --------------------------------------------------------------------------------

struct Pair {
  Counted first;
  Counted second;
};
Task<int> sum(Pair pair) {
  co_await pass();
  co_return pair.first.value + pair.second.value;
}
Task<int> sum_of(const Pair& pair) {
  co_await pass();
  co_return pair.first.value + pair.second.value;
}

Detached aggregate_safe(int& out) {
  const Pair pair{Counted(40), Counted(2)};
  const auto value = co_await sum(pair);
  out = value;
}
Detached aggregate_unsafe(int& out) {
  const auto value = co_await sum(Pair{Counted(40), Counted(2)});
  out = value;
}
TEST(KnownBug, AnAggregateTemporaryByValue) { compare("99576: aggregate temporary by value", aggregate_safe, aggregate_unsafe); }

Detached reference_safe(int& out) {
  const Pair pair{Counted(40), Counted(2)};
  const auto value = co_await sum_of(pair);
  out = value;
}
Detached reference_unsafe(int& out) {
  const auto value = co_await sum_of(Pair{Counted(40), Counted(2)});
  out = value;
}
TEST(KnownBug, AnAggregateTemporaryByReference) {
  compare("101976: aggregate temporary by reference", reference_safe, reference_unsafe);
}

// --- a ternary, a brace list ----------------------------------------------------------------------------------------------------

Detached ternary_safe(int& out) {
  const auto go = co_await yes(Counted(1));
  auto value = 0;
  if (go) value = co_await number(Counted(42));
  out = value;
}
Detached ternary_unsafe(int& out) {
  const auto value = co_await yes(Counted(1)) ? co_await number(Counted(42)) : 0;
  out = value;
}
TEST(KnownBug, AwaitInATernary) { compare("106188: co_await in a ternary", ternary_safe, ternary_unsafe); }

Detached list_safe(int& out) {
  const auto first = co_await number(Counted(40));
  const auto second = co_await number(Counted(2));
  const Pair pair{Counted(first), Counted(second)};
  out = pair.first.value + pair.second.value;
}
Detached list_unsafe(int& out) {
  const Pair pair{Counted(co_await number(Counted(40))), Counted(co_await number(Counted(2)))};
  out = pair.first.value + pair.second.value;
}
TEST(KnownBug, AwaitInABraceList) { compare("101976: co_await in a brace list", list_safe, list_unsafe); }

// --- a lambda that holds an object (100611) -------------------------------------------------------------------------------------

template <class F>
Task<int> called(F function) {
  co_await pass();
  co_return function();
}
Detached lambda_safe(int& out) {
  const Counted counted(42);
  const auto function = [counted] { return counted.value; };
  const auto value = co_await called(function);
  out = value;
}
Detached lambda_unsafe(int& out) {
  const Counted counted(42);
  const auto value = co_await called([counted] { return counted.value; });
  out = value;
}
TEST(KnownBug, ALambdaTemporary) { compare("100611: lambda with a capture as an argument", lambda_safe, lambda_unsafe); }

} // namespace
} // namespace ledgergate::compiler
