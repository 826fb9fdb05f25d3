// Times and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::settings {

// One whole number and its unit: 500ms, 10s, 2min or 2m, 1h, 7d. A bare number says nothing (seconds? milliseconds?) and is
// refused, 0 aside. Nothing when it is not a time or does not fit.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Bytes: 512, 512B, 8KiB, 256MiB, 2GiB. k, KB, M, MB, G, GB mean the same powers of 1024. Nothing when it is not a size or does not
// fit.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// "120s", "2min", "256MiB", "500": as short as it can be said exactly.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace ledgergate::settings
