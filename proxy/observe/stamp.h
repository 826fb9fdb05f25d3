// "2026-01-31T12:00:00.000Z" (RFC 3339, UTC), without a call to the C library's time zone code and its lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::observe {

class Stamp {
public:
  // The view lives until the next call. The date and the seconds are worked out once a second.
  [[nodiscard]] std::string_view at(std::int64_t unix_micros) noexcept;

private:
  static constexpr std::size_t kLength = 24;
  std::int64_t second_ = -1;
  std::array<char, kLength> text_{};
};

} // namespace ledgergate::observe
