// Idle connections to servers hold descriptors. When somebody needs one and the process has none left, they are given back: this
// worker's at once, the other workers' when asked by message.
//
// Invariants: a worker has one, and it belongs to that worker's thread; so do the pools in it. The list of all is whole before the
// first loop runs, and does not change then.
#pragma once

#include "io/loop.h"
#include "io/task.h"
#include "io/wake.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ledgergate::upstream {

// Connections that idle, and may be closed for their descriptors.
class IdleConnections {
public:
  enum class Use : std::uint8_t { by_all, by_one_caller }; // the latter are closed last: somebody's login is on them (bound.h)
  [[nodiscard]] virtual std::size_t idle() const noexcept = 0;
  virtual void close_idle() noexcept = 0;

  // Relief's own: where it stands in its list.
  struct Links {
    Use use;
    IdleConnections *before = nullptr, *after = nullptr;
  } links;

protected:
  explicit IdleConnections(Use use) noexcept : links{use} {}
  ~IdleConnections() = default;
};

class Relief {
public:
  // Adds itself to `all`, which must outlive it.
  Relief(io::Loop& loop, std::vector<Relief*>& all);
  Relief(const Relief&) = delete;
  Relief& operator=(const Relief&) = delete;

  // What was added is removed before it ends.
  void add(IdleConnections& idle) noexcept;
  void remove(IdleConnections& idle) noexcept;

  // Closes this worker's idle connections: those of no more use (io/farewell.h), or where there are none, those of its pools, or
  // those that callers have for themselves.
  // True: there were some, and their descriptors are free now.
  bool close_idle() noexcept;
  // Asks the other workers to do the same; nobody waits for it.
  void ask_others() noexcept;
  // They were asked and have not all answered; never for longer than a second.
  [[nodiscard]] bool asking() const noexcept;
  // Asks them and waits until they have, for a second at most, and no longer than the deadline that `wake` has (it is kept).
  // `wake` must outlive the task.
  io::Task<void> others_close_idle(io::Wake& wake);

private:
  io::Loop& loop_;
  const std::vector<Relief*>& all_;
  std::array<IdleConnections*, 2> idle_{}; // the first of each use; linked in themselves
  std::vector<io::Wake*> waiting_;
  std::uint64_t question_ = 0; // number of the last one
  std::size_t unanswered_ = 0; // workers that have not answered it
  io::TimeMs asked_at_ = 0;    // a worker that has ended does not answer: a question is forgotten after a while
  void answered(std::uint64_t question);
};

} // namespace ledgergate::upstream
