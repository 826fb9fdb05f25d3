// Lazy deadlines: setting one stores a number. One heap a loop orders them by the time at which they will be looked at; a deadline
// that was moved later is found out only then, and put back. uv_timer_start for every phase of every request would cost 1 µs each.
//
// Invariant: a Deadline with at != kNever stands in its queue's heap under `queued_at <= at`. Pure: the clock is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ledgergate::io {

using TimeMs = std::uint64_t; // the loop's monotonic clock
inline constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

class DeadlineQueue;

class Deadline {
public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  virtual ~Deadline();
  [[nodiscard]] TimeMs at() const noexcept { return at_; }

protected:
  // Called by DeadlineQueue::expire, when `at` has passed; the deadline is unset then and may be set again.
  virtual void expired() noexcept = 0;

private:
  friend class DeadlineQueue;
  static constexpr std::size_t kOut = std::numeric_limits<std::size_t>::max();
  DeadlineQueue* queue_ = nullptr;
  TimeMs at_ = kNever;
  TimeMs queued_at_ = kNever;
  std::size_t index_ = kOut;
};

class DeadlineQueue {
public:
  // `at` == kNever unsets. Throws std::bad_alloc when the heap has to grow and can't.
  void set(Deadline& deadline, TimeMs at);
  void remove(Deadline& deadline) noexcept;
  // Calls expired() of all whose time has come. Deadlines may be set or removed from there.
  void expire(TimeMs now);
  // When expire() has to be called next; kNever when empty.
  [[nodiscard]] TimeMs next() const noexcept { return heap_.empty() ? kNever : heap_.front()->queued_at_; }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

private:
  std::vector<Deadline*> heap_;
  void place(std::size_t index, Deadline* deadline) noexcept;
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
};

} // namespace ledgergate::io
