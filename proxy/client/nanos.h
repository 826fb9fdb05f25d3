// Times in nanoseconds of a clock that never goes back, and counts: none of these overflows, whatever the settings say.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace ledgergate::client {

using Nanos = std::int64_t;
inline constexpr Nanos kForever = std::numeric_limits<Nanos>::max();

// A time of the settings.
[[nodiscard]] constexpr Nanos nanos(std::chrono::milliseconds time) noexcept {
  constexpr Nanos kEach = 1'000'000;
  const auto count = static_cast<Nanos>(time.count());
  if (count <= 0) return 0;
  return count > kForever / kEach ? kForever : count * kEach;
}

// `time` (not negative) behind `now`.
[[nodiscard]] constexpr Nanos later(Nanos now, Nanos time) noexcept { return now > kForever - time ? kForever : now + time; }

// `time`, twice as long for each of `times`, `most` at most.
[[nodiscard]] constexpr Nanos doubled(Nanos time, std::uint32_t times, Nanos most) noexcept {
  for (; times != 0 && time < most && time != 0; --times) time = time > most / 2 ? most : 2 * time;
  return time < most ? time : most;
}

// Counts.
[[nodiscard]] constexpr std::uint32_t plus(std::uint32_t a, std::uint32_t b) noexcept {
  return a > std::numeric_limits<std::uint32_t>::max() - b ? std::numeric_limits<std::uint32_t>::max() : a + b;
}
[[nodiscard]] constexpr std::uint32_t minus(std::uint32_t a, std::uint32_t b) noexcept { return a > b ? a - b : 0; }

} // namespace ledgergate::client
