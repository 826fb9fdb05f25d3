#include "observe/stamp.h"

#include <algorithm>
#include <chrono>

namespace ledgergate::observe {
namespace {

void digits(char* to, std::size_t count, std::int64_t value) noexcept {
  for (std::size_t i = count; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kLast = 253'402'300'799; // 9999-12-31T23:59:59Z: four digits hold no more

} // namespace

std::string_view Stamp::at(std::int64_t unix_micros) noexcept {
  const std::int64_t micros = std::clamp<std::int64_t>(unix_micros, 0, kLast * kMicros);
  const std::int64_t second = micros / kMicros;
  char* const text = text_.data();
  if (second != second_) {
    second_ = second;
    const std::chrono::sys_seconds now{std::chrono::seconds(second)};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::int64_t of_day = (now - day).count();
    digits(text, 4, static_cast<int>(date.year()));
    text[4] = '-';
    digits(text + 5, 2, static_cast<unsigned>(date.month()));
    text[7] = '-';
    digits(text + 8, 2, static_cast<unsigned>(date.day()));
    text[10] = 'T';
    digits(text + 11, 2, of_day / 3600);
    text[13] = ':';
    digits(text + 14, 2, of_day / 60 % 60);
    text[16] = ':';
    digits(text + 17, 2, of_day % 60);
    text[19] = '.';
    text[23] = 'Z';
  }
  digits(text + 20, 3, micros % kMicros / 1000);
  return {text, kLength};
}

} // namespace ledgergate::observe
