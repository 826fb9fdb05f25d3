// When a server may be believed to have done with a request whose answer nobody waits for any more: seen idle twice, a second
// apart, by questions that were begun after the last byte left (DESIGN "Concurrency"). Once is not enough: between taking a request
// off the network and beginning with it a server is idle, too. Pure: the clock is passed in.
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

} // namespace ledgergate::upstream
