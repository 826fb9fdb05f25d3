// When a server may be believed to have done with a request whose answer nobody waits for any more: seen idle twice, a second
// apart, by questions that were begun after the last byte left (docs/invariants.md, "A slot is kept until the server is done").
// Once is not enough: between taking a request off the network and beginning with it a server is idle, too. Pure: the clock is
// passed in.
#pragma once

#include "upstream/fair_line.h"

#include <algorithm>

namespace ledgergate::upstream {

class SeenIdle {
public:
  static constexpr Micros kApart = 1'000'000;
  static constexpr Micros kSeldom = 5'000'000; // the longest time between two questions

  // `since`: when the last byte left.
  explicit SeenIdle(Micros since) noexcept : next_(since) {}

  // When the next question may be begun.
  [[nodiscard]] Micros next() const noexcept { return next_; }
  // What a question begun at `begun` brought. True: the server is done.
  [[nodiscard]] bool saw(Micros begun, bool idle) noexcept {
    if (begun < next_) return false; // somebody else's, of before
    if (idle && seen_) return true;
    pause_ = idle || seen_ ? kApart : std::min(2 * pause_, kSeldom);
    seen_ = idle;
    next_ = begun + pause_;
    return false;
  }

private:
  Micros next_;
  Micros pause_ = kApart / 2;
  bool seen_ = false; // idle, by the last question
};

// When a server may be believed to be gone, and with it what it was working on: its end of the old connection is over, and it has
// refused every new one for long, three times at least. A server that lives may refuse, too (Windows answers a full backlog with a
// reset), but it does not let go of the connection on whose request it works; and what it closes early ends the backlog soon. Pure:
// the clock is passed in.
class SeenGone {
public:
  static constexpr int kLeast = 3;

  explicit SeenGone(Micros span) noexcept : span_(span) {}

  // The server's end of the old connection is over.
  void connection_over(Micros now) noexcept {
    if (over_ < 0) over_ = now;
  }
  // What a question begun at `begun` brought. True: the server is gone.
  [[nodiscard]] bool saw(Micros begun, bool refused) noexcept {
    if (over_ < 0 || begun < over_) return false;
    times_ = refused ? times_ + 1 : 0;
    if (times_ == 1) since_ = begun;
    return times_ >= kLeast && begun - since_ >= span_;
  }

private:
  Micros span_;
  Micros over_ = -1; // when the connection was over; -1: it is not
  Micros since_ = 0; // the first question of those in a row that were refused
  int times_ = 0;    // so many
};

} // namespace ledgergate::upstream
