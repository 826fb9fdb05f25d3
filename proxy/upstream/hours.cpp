#include "upstream/hours.h"

#include <algorithm>

namespace ledgergate::upstream {
namespace {

constexpr int kDays = 7;
constexpr std::time_t kHour = 3600;

bool on(const settings::OpenSpan& span, int day) noexcept { return ((span.days >> static_cast<unsigned>(day)) & 1U) != 0; }
int monday_first(const std::tm& local) noexcept { return (local.tm_wday + 6) % kDays; }

bool open_then(const Hours& hours, std::time_t when) noexcept {
  std::tm local{};
  localtime_r(&when, &local);
  return open_at(hours, monday_first(local), local.tm_hour * 60 + local.tm_min);
}

} // namespace

bool open_at(const Hours& hours, int day, int minute) noexcept {
  if (hours.empty()) return true;
  return std::any_of(hours.begin(), hours.end(), [&](const settings::OpenSpan& span) {
    if (span.to > span.from) return on(span, day) && minute >= span.from && minute < span.to;
    return (on(span, day) && minute >= span.from) || (on(span, (day + kDays - 1) % kDays) && minute < span.to);
  });
}

std::int64_t seconds_until_open(const Hours& hours, std::time_t now) noexcept {
  if (hours.empty() || open_then(hours, now)) return 0;
  std::tm today{};
  localtime_r(&now, &today);
  std::time_t first = 0;
  for (int ahead = 0; ahead <= kDays; ++ahead) {
    for (const settings::OpenSpan& span : hours) {
      if (!on(span, (monday_first(today) + ahead) % kDays)) continue;
      std::tm opening{};
      opening.tm_year = today.tm_year;
      opening.tm_mon = today.tm_mon;
      opening.tm_mday = today.tm_mday + ahead;
      opening.tm_hour = span.from / 60;
      opening.tm_min = span.from % 60;
      opening.tm_isdst = -1;
      std::time_t when = std::mktime(&opening);
      // A time that the clocks skip may come out as one before it.
      if (!open_then(hours, when)) when += kHour;
      if (when > now && (first == 0 || when < first)) first = when;
    }
  }
  return std::max<std::int64_t>(1, first - now);
}

} // namespace ledgergate::upstream
