// When a server counts as down and when as up again: so many failures, then so many answers, in a row. Pure: clock and chance are
// passed in. health.h puts lock, log and waking around it.
#pragma once

#include "settings/settings.h"
#include "upstream/fair_line.h"

#include <cstdint>
#include <string_view>

namespace ledgergate::upstream {

class HealthCount {
public:
  enum class Change : std::uint8_t { none, went_down, came_up };

  [[nodiscard]] Change failed(const settings::Health& rules, Micros now, std::string_view why) noexcept {
    why_ = why;
    passed_ = 0;
    if (down_ || ++failed_ < rules.fall) return Change::none;
    down_ = true;
    since_ = now;
    return Change::went_down;
  }
  // An answer counts in both states. That a connection was made only says something while it is up, and while nothing more is
  // asked.
  [[nodiscard]] Change answered(const settings::Health& rules) noexcept {
    failed_ = 0;
    if (!down_ || ++passed_ < rules.rise) return Change::none;
    *this = HealthCount{};
    return Change::came_up;
  }
  void reached(const settings::Health& rules) noexcept {
    if (!down_ && !rules.active) failed_ = 0;
  }

  [[nodiscard]] bool down() const noexcept { return down_; }
  [[nodiscard]] bool suspected() const noexcept { return down_ || failed_ != 0; }
  [[nodiscard]] Micros since() const noexcept { return since_; }       // when it went down
  [[nodiscard]] std::string_view why() const noexcept { return why_; } // the last failure: a literal

private:
  std::uint32_t failed_ = 0, passed_ = 0; // in a row
  bool down_ = false;
  Micros since_ = 0;
  std::string_view why_;
};

// `interval` give or take a tenth, so that many edges (and many servers of one) do not ask in step. `chance`: any 64 bits.
[[nodiscard]] constexpr Micros with_jitter(Micros interval, std::uint64_t chance) noexcept {
  const auto span = static_cast<std::uint64_t>(interval / 5);
  return interval - interval / 10 + static_cast<Micros>(chance % (span + 1));
}

} // namespace ledgergate::upstream
