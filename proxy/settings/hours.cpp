#include "settings/hours.h"

#include "settings/problems.h"

#include <algorithm>
#include <array>
#include <optional>

namespace ledgergate::settings {
namespace {

constexpr std::uint8_t kEveryDay = 0x7f;
constexpr std::uint16_t kMidnight = 24 * 60;

std::optional<unsigned> day_number(std::string_view word) {
  constexpr std::array<std::string_view, 7> names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto same = [&](std::string_view name) {
    return word.size() == name.size() && std::equal(name.begin(), name.end(), word.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
  };
  const auto found = std::find_if(names.begin(), names.end(), same);
  if (found == names.end()) return std::nullopt;
  return static_cast<unsigned>(found - names.begin());
}

// "Mon", "Mon-Fri", "Sat-Mon", and several of them with commas between.
std::string parse_days(std::string_view text, std::uint8_t& days) {
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view part = text.substr(0, comma);
    text = more ? text.substr(comma + 1) : "";
    const std::size_t dash = part.find('-');
    const std::string_view last_word = dash == std::string_view::npos ? part : part.substr(dash + 1);
    const auto first = day_number(part.substr(0, dash));
    const auto last = day_number(last_word);
    if (!first || !last)
      return quote(part) +
             " names no days: write `Mon`, `Tue`, `Wed`, `Thu`, `Fri`, `Sat` or `Sun`, or two of them as in `Mon-Fri`";
    for (unsigned day = *first;; day = (day + 1) % 7) {
      days = static_cast<std::uint8_t>(days | (1U << day));
      if (day == *last) break;
    }
  }
  return "";
}

// Minutes of the day of "8:00" or "08:00"; 24:00 is 1440.
std::optional<std::uint16_t> parse_time(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 1 || colon > 2 || text.size() != colon + 3) return std::nullopt;
  unsigned hour = 0, minute = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == colon) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    unsigned& number = i < colon ? hour : minute;
    number = number * 10 + static_cast<unsigned>(text[i] - '0');
  }
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return static_cast<std::uint16_t>(hour * 60 + minute);
}

} // namespace

std::string parse_open_span(std::string_view text, OpenSpan& out) {
  const std::size_t blank = text.rfind(' ');
  std::string_view days = blank == std::string_view::npos ? "" : text.substr(0, blank);
  while (!days.empty() && days.back() == ' ') days.remove_suffix(1);
  const std::string_view times = blank == std::string_view::npos ? text : text.substr(blank + 1);
  const std::size_t dash = times.find('-');
  const auto from = parse_time(times.substr(0, dash));
  const auto to = dash == std::string_view::npos ? std::nullopt : parse_time(times.substr(dash + 1));
  if (!from || !to || *from == kMidnight)
    return quote(text) +
           " is not a span such as `Mon-Fri 05:00-23:30` or `Sat,Sun 08:00-24:00` (in quotes, or YAML cuts it at the comma)";
  OpenSpan span;
  span.from = *from;
  span.to = *to;
  if (span.from == span.to) return quote(text) + " ends where it begins; a whole day is `00:00-24:00`";
  if (days.empty())
    span.days = kEveryDay;
  else if (std::string mistake = parse_days(days, span.days); !mistake.empty())
    return mistake;
  out = span;
  return "";
}

} // namespace ledgergate::settings
