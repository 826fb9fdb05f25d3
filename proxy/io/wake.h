// Wake: where one story waits. Anything that can happen to a story is a bit: its streams, its deadline, a drain, an answer from
// another thread. One waiter, many sources: no races between "data came" and "time is up", one way out of every wait.
//
// Loop thread only. raise() resumes the waiting story at once, inside the caller's callback, which is what lets a story use the
// loop's shared buffers without a copy.
#pragma once

#include "io/loop.h"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace ledgergate::io {

using Events = std::uint32_t;
inline constexpr Events kClientIn = 1u << 0;  // bytes, end or failure on the caller's stream
inline constexpr Events kClientOut = 1u << 1; // its output was taken by the kernel
inline constexpr Events kServerIn = 1u << 2;
inline constexpr Events kServerOut = 1u << 3; // also: connected
inline constexpr Events kExpired = 1u << 4;   // the deadline passed; every wait returns for it
inline constexpr Events kDrain = 1u << 5;     // the worker is draining
inline constexpr Events kAnswer = 1u << 6;    // something asked for elsewhere is there (DNS, a turn)

class Wake final : private Deadline {
public:
  explicit Wake(Loop& loop) noexcept : loop_(loop) {}
  ~Wake() override = default;
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  // The one deadline of the current phase, in loop time; kNever for none. Forgets an earlier expiry.
  void deadline_at(TimeMs at) noexcept {
    if (halted_) return;
    pending_ &= ~kExpired;
    if (resting_)
      kept_ = at;
    else
      loop_.set_deadline(*this, at);
  }
  void deadline_in(TimeMs wait) noexcept { deadline_at(loop_.now() + wait); }
  [[nodiscard]] TimeMs deadline() const noexcept { return resting_ ? kept_ : at(); }

  void raise(Events events) {
    pending_ |= events;
    resume();
  }
  // The end of a drain: from now on every wait returns kExpired at once, so the story comes to its end by its own way out.
  void halt() {
    halted_ = true;
    raise(kExpired);
  }
  [[nodiscard]] bool halted() const noexcept { return halted_; }
  // Forgets events that a story has dealt with otherwise.
  void forget(Events events) noexcept { pending_ &= ~events; }
  [[nodiscard]] bool pending(Events events) const noexcept { return (pending_ & events) != 0; }

  struct Awaiter {
    Wake& wake;
    bool await_ready() const noexcept { return (wake.pending_ & wake.mask_) != 0 && !wake.has_to_rest(); }
    void await_suspend(std::coroutine_handle<> story) const noexcept { wake.waiter_ = story; }
    Events await_resume() const noexcept {
      const Events happened = wake.pending_ & wake.mask_;
      wake.pending_ &= ~happened;
      if (wake.halted_) wake.pending_ |= kExpired;
      return happened;
    }
  };
  // `const auto happened = co_await wake.wait(kClientIn);` -> which of them (and kExpired) happened; they are forgotten then.
  [[nodiscard]] Awaiter wait(Events events) noexcept {
    mask_ = events | kExpired;
    return {*this};
  }
  // `co_await wake.next_round();` -> lets all others have the loop first: it looks for events once more, and sees to them. Forgets
  // the deadline. A story that is halted does not wait: it has to look at halted(), and end.
  [[nodiscard]] Awaiter next_round() noexcept {
    if (!halted_) {
      pending_ &= ~kExpired;
      loop_.ring_next_round(*this);
    }
    return wait(0);
  }

private:
  // So many waits may find in one round of the loop what they wait for. Whoever waits more often for what is there already would
  // keep all others from the loop, and its own deadline from passing: it waits for the next round first.
  static constexpr std::uint32_t kMostUnwaited = 1000;

  Loop& loop_;
  std::coroutine_handle<> waiter_{};
  Events pending_ = 0;
  Events mask_ = 0;
  bool halted_ = false;
  bool resting_ = false; // the loop's deadline is the next round; the story's is `kept_`
  TimeMs kept_ = kNever;
  std::uint32_t unwaited_ = 0; // waits in `round_` that found what they waited for
  std::uint64_t round_ = 0;

  bool has_to_rest() noexcept {
    if (mask_ == kExpired) return false; // next_round() of one that is halted: it has to end
    if (round_ != loop_.round()) unwaited_ = 0;
    round_ = loop_.round();
    if (++unwaited_ <= kMostUnwaited) return false;
    kept_ = at();
    resting_ = true;
    loop_.ring_next_round(*this);
    return true;
  }
  void end_rest() noexcept {
    if (!resting_) return;
    resting_ = false;
    // Nobody has looked at it meanwhile.
    if (kept_ <= loop_.now())
      pending_ |= kExpired;
    else
      loop_.set_deadline(*this, kept_);
  }
  void resume() {
    if (!waiter_ || (pending_ & mask_) == 0) return;
    end_rest();
    std::exchange(waiter_, {}).resume();
  }
  void expired() noexcept override {
    if (!resting_) return raise(kExpired);
    end_rest();
    resume();
  }
};

} // namespace ledgergate::io
