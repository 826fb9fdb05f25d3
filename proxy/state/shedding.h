// Who has to go when the process is beyond limits.memory: the doors stay open, and room is made by ending connections. First those
// on which nobody has proven who they are, the largest first and of like size the oldest; then the largest of the clients. What is
// small of a client is never ended.
//
// A round: the main thread begins one, each worker reports what its callers' connections hold, and the last report wakes the main
// thread, which chooses and sends each worker the numbers of those that have to go. Nothing is counted while there is room.
//
// Invariants: all is guarded by lock_, which is never held across a callback. Reports of a round that is not the last one begun, or
// that was closed, are dropped: a worker that ends or hangs only delays a round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace ledgergate {

// A caller's connection, and what it holds.
struct Holder {
  std::uint64_t connection = 0; // its number: the smaller, the older
  std::uint64_t bytes = 0;
  std::uint64_t client = 0; // who has proven to be behind it; 0: nobody. The same number on all connections of one client
};

// A client that holds no more than this in all is small, in bytes.
inline constexpr std::uint64_t kSmallClient = 512 * 1024;
// The newest of the small connections on which nobody has proven anything yet are left alone, so many of them: a till begins as
// one.
inline constexpr std::size_t kNewcomers = 64;

struct Chosen {
  std::vector<std::uint64_t> connections; // sorted
  std::size_t strangers = 0, clients = 0; // how many of these are whose
};
// Whose end gives back `bytes`, if there are enough. Pure; reorders `holders`. Throws std::bad_alloc.
[[nodiscard]] Chosen choose(std::vector<Holder>& holders, std::uint64_t bytes);

class Shedding {
public:
  // Called from any worker's thread when a round is complete; must not throw. Set before the workers start.
  void when_complete(std::function<void()> call) { complete_ = std::move(call); }
  // Main thread: the number of the new round, `bytes` of which are to be given back.
  std::uint64_t begin(std::size_t workers, std::uint64_t bytes);
  // Main thread: what has not been reported by now is not waited for.
  void close();
  // Any worker's thread, once a round. Throws std::bad_alloc; the round then waits for the next one.
  void report(std::uint64_t round, const std::vector<Holder>& holders);
  // Main thread: who has to go by the round that is complete, once. Throws std::bad_alloc.
  [[nodiscard]] Chosen take();
  // Any thread: one more stranger was ended, for its place.
  void ended_stranger() noexcept;
  // Ended so far.
  struct Totals {
    std::uint64_t strangers = 0, clients = 0;
  };
  [[nodiscard]] Totals totals() const;

private:
  mutable std::mutex lock_;
  std::function<void()> complete_;
  std::uint64_t round_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t missing_ = 0; // reports
  std::vector<Holder> holders_;
  Totals totals_;
};

} // namespace ledgergate
