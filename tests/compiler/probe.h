// What the compiler probes are made of: an object that counts its lives, and a story that suspends until it is told to go on.
#pragma once

#include "io/task.h"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace ledgergate::compiler {

// Copies and moves are lives of their own. `born` and `died` tell a compiler that forgets or repeats a destructor; `self` one that
// copies an object bit by bit.
struct Counted {
  static inline int born = 0;
  static inline int died = 0;
  static inline int misplaced = 0;
  static void restart() { born = died = misplaced = 0; }
  static bool even() { return born > 0 && born == died && misplaced == 0; }

  explicit Counted(int its_value = 0) : value(its_value), self(this) { ++born; }
  Counted(const Counted& other) : value(other.value), self(this) { ++born; }
  Counted(Counted&& other) noexcept : value(std::exchange(other.value, -1)), self(this) { ++born; }
  Counted& operator=(const Counted& other) {
    value = other.value;
    return *this;
  }
  Counted& operator=(Counted&& other) noexcept {
    value = std::exchange(other.value, -1);
    return *this;
  }
  ~Counted() {
    ++died;
    if (self != this) ++misplaced;
    self = nullptr;
  }
  int value;
  Counted* self;
};

// Where a probe waits: every await of it suspends, until go() resumes the story from outside, as a loop does.
struct Gate {
  std::coroutine_handle<> waiting{};
  void go() {
    while (waiting) std::exchange(waiting, {}).resume();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> story) noexcept { waiting = story; }
  void await_resume() const noexcept {}
};
inline Gate gate;

struct Pass {
  bool await_ready() const noexcept { return gate.await_ready(); }
  void await_suspend(std::coroutine_handle<> story) const noexcept { gate.await_suspend(story); }
  void await_resume() const noexcept {}
};
inline Pass pass() { return {}; }

} // namespace ledgergate::compiler
