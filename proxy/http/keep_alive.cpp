#include "http/keep_alive.h"

#include "http/chars.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace ledgergate::http {
namespace {

// The digits that it begins with ("2.5", "2s", "+2"); nothing where there are none. More than this holds is its most.
std::optional<std::uint32_t> number(std::string_view text) noexcept {
  if (text.starts_with('"')) text = trim(text.substr(1));
  if (text.starts_with('+')) text.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::result_out_of_range) return std::numeric_limits<std::uint32_t>::max();
  if (failure != std::errc{}) return std::nullopt;
  return value;
}

// What one parameter says; nothing: something else.
std::optional<std::chrono::seconds> time_of(std::string_view parameter) noexcept {
  const auto equals = std::min(parameter.find('='), parameter.size());
  const auto name = trim(parameter.substr(0, equals));
  const auto value = number(trim(parameter.substr(std::min(equals + 1, parameter.size()))));
  // A time that can't be read may be any.
  if (iequals(name, "timeout")) return std::chrono::seconds(value.value_or(0));
  if (iequals(name, "max") && value == 0U) return std::chrono::seconds(0);
  if (equals != parameter.size()) return std::nullopt;
  const auto bare = number(name);
  return bare ? std::optional<std::chrono::seconds>(*bare) : std::nullopt;
}

} // namespace

std::optional<std::chrono::seconds> kept_alive_for(const std::vector<Field>& fields) noexcept {
  std::optional<std::chrono::seconds> shortest;
  for (const Field& field : fields) {
    if (!iequals(field.name, "Keep-Alive")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto end = std::min(rest.find_first_of(",;"), rest.size());
      const auto parameter = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const auto time = time_of(parameter);
      if (!time) continue;
      shortest = shortest ? std::min(*shortest, *time) : time;
    }
  }
  return shortest;
}

} // namespace ledgergate::http
