// The minimum rate of a body, in either direction: at least `bytes_per_second` on average over each window of `over` in which only
// the peer was waited for. There is no total deadline: a large export may take an hour, a dripped one may not. Pure.
#pragma once

#include <cstdint>

namespace ledgergate::http {

class RateGuard {
public:
  RateGuard(std::uint64_t bytes_per_second, std::uint64_t over_ms) noexcept
      : need_(bytes_per_second * over_ms / 1000), over_(over_ms) {}

  // A window begins now: at the first wait for the peer, and whenever something else was waited for in between.
  void restart(std::uint64_t now) noexcept {
    start_ = now;
    bytes_ = 0;
  }
  // Bytes moved. True: a window has ended and was good (or is still open); false: too slow.
  [[nodiscard]] bool moved(std::uint64_t bytes, std::uint64_t now) noexcept {
    bytes_ += bytes;
    if (now < start_ + over_) return true;
    const bool good = bytes_ >= need_;
    restart(now);
    return good;
  }
  // When moved(0, …) has to be asked, in the clock that was passed in.
  [[nodiscard]] std::uint64_t deadline() const noexcept { return start_ + over_; }

private:
  std::uint64_t need_;
  std::uint64_t over_;
  std::uint64_t start_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace ledgergate::http
