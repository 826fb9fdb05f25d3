// The operator new of a test's program: it counts what a thread asks for, OpenSSL included, and makes the call fail that a test
// names. (What other C libraries ask for is not seen; tests/faults does that from outside.)
#pragma once

#include <cstddef>
#include <new>

namespace ledgergate::tests {

// Calls by this thread so far.
[[nodiscard]] std::size_t allocations() noexcept;

// While it lives one call of this thread fails: the one behind `good` that succeed.
class NoMemory {
public:
  explicit NoMemory(std::size_t good) noexcept;
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  [[nodiscard]] bool failed() const noexcept; // it came to that
};

// While it lives no call of this thread fails, and none counts for NoMemory: what a test does in between.
class Spared {
public:
  Spared() noexcept;
  ~Spared();
  Spared(const Spared&) = delete;
  Spared& operator=(const Spared&) = delete;
};

// While it lives every call of every thread but its own fails.
class NoMemoryElsewhere {
public:
  NoMemoryElsewhere() noexcept;
  ~NoMemoryElsewhere();
  NoMemoryElsewhere(const NoMemoryElsewhere&) = delete;
  NoMemoryElsewhere& operator=(const NoMemoryElsewhere&) = delete;
  [[nodiscard]] std::size_t failures() const noexcept; // so far
};

// Lets `act` fail at its first allocation, then at its second, and so on, each time on something new that `make` returns, until it
// comes through without a failure. `held(world, threw)` looks at what a failure has left. How many failures there were.
template <class Make, class Act, class Held>
std::size_t fail_each(const Make& make, const Act& act, const Held& held) {
  for (std::size_t good = 0;; ++good) {
    auto world = make();
    bool threw = false, failed = false;
    {
      const NoMemory none(good);
      try {
        act(world);
      } catch (const std::bad_alloc&) {
        threw = true;
      }
      failed = none.failed();
    }
    if (!failed) return good;
    held(world, threw);
  }
}

} // namespace ledgergate::tests
