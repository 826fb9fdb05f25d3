#include "route/date.h"

#include <array>
#include <chrono>

namespace ledgergate::route {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Stamp {
  std::time_t second = -1;
  std::array<char, 29> text{};
};

char* put(char* at, std::string_view text) noexcept {
  for (const char c : text) *at++ = c;
  return at;
}

char* put_number(char* at, unsigned number, unsigned digits) noexcept {
  for (unsigned i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
  return at + digits;
}

void format(std::time_t now, Stamp& stamp) noexcept {
  using namespace std::chrono;
  const sys_seconds when{seconds{now}};
  const auto day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss clock{when - day};
  char* at = stamp.text.data();
  at = put(at, kDays[weekday{day}.c_encoding()]);
  at = put(at, ", ");
  at = put_number(at, static_cast<unsigned>(date.day()), 2);
  at = put(at, " ");
  at = put(at, kMonths[static_cast<unsigned>(date.month()) - 1]);
  at = put(at, " ");
  at = put_number(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  at = put(at, " ");
  at = put_number(at, static_cast<unsigned>(clock.hours().count()), 2);
  at = put(at, ":");
  at = put_number(at, static_cast<unsigned>(clock.minutes().count()), 2);
  at = put(at, ":");
  at = put_number(at, static_cast<unsigned>(clock.seconds().count()), 2);
  put(at, " GMT");
  stamp.second = now;
}

} // namespace

std::string_view http_date(std::time_t now) noexcept {
  static thread_local Stamp stamp;
  if (stamp.second != now) format(now, stamp);
  return {stamp.text.data(), stamp.text.size()};
}

} // namespace ledgergate::route
