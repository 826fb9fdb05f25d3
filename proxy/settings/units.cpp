#include "settings/units.h"

#include <array>
#include <charconv>
#include <limits>

namespace ledgergate::settings {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> kDurations{
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::uint64_t kKi = 1024, kMi = kKi * 1024, kGi = kMi * 1024;
constexpr std::array<Unit, 13> kSizes{{{"", 1},
                                       {"B", 1},
                                       {"KiB", kKi},
                                       {"MiB", kMi},
                                       {"GiB", kGi},
                                       {"k", kKi},
                                       {"K", kKi},
                                       {"M", kMi},
                                       {"G", kGi},
                                       {"kB", kKi},
                                       {"KB", kKi},
                                       {"MB", kMi},
                                       {"GB", kGi}}};

// number, blanks, unit. Numbers are digits only: no sign, no point.
template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.size() > 1 && text.front() == ' ') text.remove_prefix(1);
  for (const Unit& unit : units) {
    if (text != unit.name) continue;
    if (number > max / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  const auto value =
      parse(text, kDurations, static_cast<std::uint64_t>(std::numeric_limits<std::chrono::milliseconds::rep>::max()));
  if (!value) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(*value)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizes, std::numeric_limits<std::uint64_t>::max());
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto value = static_cast<std::uint64_t>(duration.count());
  for (const std::string_view name : {"d", "h", "min", "s"})
    for (const Unit& unit : kDurations)
      if (unit.name == name && value >= unit.factor && value % unit.factor == 0)
        return std::to_string(value / unit.factor).append(name);
  return std::to_string(value) + "ms";
}

std::string size_text(std::uint64_t bytes) {
  for (const Unit& unit : {Unit{"GiB", kGi}, Unit{"MiB", kMi}, Unit{"KiB", kKi}})
    if (bytes >= unit.factor && bytes % unit.factor == 0) return std::to_string(bytes / unit.factor).append(unit.name);
  return std::to_string(bytes);
}

} // namespace ledgergate::settings
