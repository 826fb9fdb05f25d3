#include "http/keep_alive.h"

#include "http/chars.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ledgergate::http {
namespace {

// What is no number, or a larger one than this holds, says nothing.
std::optional<std::uint32_t> number(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = trim(text.substr(1, text.size() - 2));
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
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
      const auto equals = parameter.find('=');
      if (equals == std::string_view::npos) continue;
      const auto name = trim(parameter.substr(0, equals));
      const auto value = number(trim(parameter.substr(equals + 1)));
      const bool is_last = iequals(name, "max") && value == 0U;
      if (!value || (!is_last && !iequals(name, "timeout"))) continue;
      const std::chrono::seconds time(*value);
      shortest = shortest ? std::min(*shortest, time) : time;
    }
  }
  return shortest;
}

} // namespace ledgergate::http
