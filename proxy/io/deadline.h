// Lazy deadlines: setting one stores a number. One heap a loop orders them by the time at which they will be looked at; a deadline
// that was moved later is found out only then, and put back. uv_timer_start for every phase of every request would cost 1 µs each.
//
// A pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) whose links lie in the deadlines themselves: to wait never needs
// memory.
//
// Invariant: a Deadline with at != kNever stands in its queue's heap under `queued_at <= at`, or, when it was set to a time that
// had come while others rang, under the first one behind that. Pure: the clock is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

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
  DeadlineQueue* queue_ = nullptr; // null: it stands in none
  TimeMs at_ = kNever;
  TimeMs queued_at_ = kNever;
  Deadline* child_ = nullptr;  // the first
  Deadline* next_ = nullptr;   // of the same parent
  Deadline* before_ = nullptr; // of the same parent, or of the first one the parent; null: the root
};

class DeadlineQueue {
public:
  // `at` == kNever unsets. One that stands in another queue leaves that.
  void set(Deadline& deadline, TimeMs at) noexcept;
  void remove(Deadline& deadline) noexcept;
  // Calls expired() of all whose time has come. Deadlines may be set or removed from there; one that is set anew rings the next
  // time at the earliest, so that this comes to its end. One whose time has come and that moved later meanwhile is put back.
  void expire(TimeMs now) noexcept;
  // When expire() has to be called next; kNever when empty.
  [[nodiscard]] TimeMs next() const noexcept { return root_ == nullptr ? kNever : root_->queued_at_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
  Deadline* root_ = nullptr; // the earliest
  std::size_t size_ = 0;
  TimeMs not_before_ = 0; // while expire() runs: when one that is set now may ring
  void put_in(Deadline& deadline, TimeMs at) noexcept;
  void take_out(Deadline& deadline) noexcept; // with its time unchanged
  static Deadline* meld(Deadline* one, Deadline* other) noexcept;
  static Deadline* meld_all(Deadline* first) noexcept;
  static void cut(Deadline& deadline) noexcept;
};

} // namespace ledgergate::io
