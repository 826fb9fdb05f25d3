#include "upstream/hours.h"

#include "settings/hours.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <string>

namespace ledgergate::upstream {
namespace {

Hours hours(std::initializer_list<const char*> texts) {
  Hours out;
  for (const char* text : texts) EXPECT_EQ(settings::parse_open_span(text, out.emplace_back()), "");
  return out;
}

constexpr int kMonday = 0, kTuesday = 1, kFriday = 4, kSaturday = 5, kSunday = 6;
constexpr int at(int hour, int minute = 0) { return hour * 60 + minute; }

TEST(OpenAt, AlwaysWithoutHours) { EXPECT_TRUE(open_at({}, kSunday, at(3))); }

TEST(OpenAt, FromItsFirstMinuteToBeforeItsLast) {
  const Hours open = hours({"Mon-Fri 05:00-23:30"});
  EXPECT_FALSE(open_at(open, kMonday, at(4, 59)));
  EXPECT_TRUE(open_at(open, kMonday, at(5)));
  EXPECT_TRUE(open_at(open, kFriday, at(23, 29)));
  EXPECT_FALSE(open_at(open, kFriday, at(23, 30)));
  EXPECT_FALSE(open_at(open, kSaturday, at(12)));
}

TEST(OpenAt, OverMidnightItBelongsToTheDayOnWhichItBegan) {
  const Hours open = hours({"Fri 22:00-06:00"});
  EXPECT_FALSE(open_at(open, kFriday, at(5)));
  EXPECT_TRUE(open_at(open, kFriday, at(22)));
  EXPECT_TRUE(open_at(open, kSaturday, at(5, 59)));
  EXPECT_FALSE(open_at(open, kSaturday, at(6)));
  EXPECT_FALSE(open_at(open, kSaturday, at(22)));
}

TEST(OpenAt, FromSundayOverTheEndOfTheWeek) {
  const Hours open = hours({"Sun 20:00-02:00"});
  EXPECT_TRUE(open_at(open, kMonday, at(1)));
  EXPECT_FALSE(open_at(open, kTuesday, at(1)));
}

TEST(OpenAt, AnyOfItsSpans) {
  const Hours open = hours({"Mon 08:00-12:00", "Mon 13:00-24:00"});
  EXPECT_TRUE(open_at(open, kMonday, at(11)));
  EXPECT_FALSE(open_at(open, kMonday, at(12, 30)));
  EXPECT_TRUE(open_at(open, kMonday, at(23, 59)));
}

// In Prague, whose clocks went forward on 29 March 2026 at 2:00 and go back on 25 October 2026 at 3:00.
struct UntilOpen : ::testing::Test {
  UntilOpen() {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
  }
  ~UntilOpen() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static std::time_t local(int year, int month, int day, int hour, int minute = 0) {
    std::tm when{};
    when.tm_year = year - 1900;
    when.tm_mon = month - 1;
    when.tm_mday = day;
    when.tm_hour = hour;
    when.tm_min = minute;
    when.tm_isdst = -1;
    return std::mktime(&when);
  }
};

TEST_F(UntilOpen, NothingWhileOpen) {
  EXPECT_EQ(seconds_until_open({}, local(2026, 1, 7, 3)), 0);
  EXPECT_EQ(seconds_until_open(hours({"05:00-23:00"}), local(2026, 1, 7, 5)), 0);
}

TEST_F(UntilOpen, ToTheNextOpening) {
  const Hours open = hours({"Mon-Fri 05:00-23:30", "Sat,Sun 08:00-24:00"});
  EXPECT_EQ(seconds_until_open(open, local(2026, 1, 7, 4, 59)), 60);               // a Wednesday
  EXPECT_EQ(seconds_until_open(open, local(2026, 1, 7, 23, 30)), 5 * 3600 + 1800); // on Thursday
  EXPECT_EQ(seconds_until_open(open, local(2026, 1, 10, 0)), 8 * 3600);            // a Saturday
}

TEST_F(UntilOpen, OverAWeekWhenItHasJustClosed) {
  EXPECT_EQ(seconds_until_open(hours({"Wed 05:00-06:00"}), local(2026, 1, 7, 6)), 7 * 86400 - 3600);
}

TEST_F(UntilOpen, OverTheEndOfAMonthAndAYear) {
  EXPECT_EQ(seconds_until_open(hours({"Fri 00:00-24:00"}), local(2026, 12, 31, 23)), 3600);
}

TEST_F(UntilOpen, AcrossTheNightInWhichAnHourIsMissing) {
  EXPECT_EQ(seconds_until_open(hours({"05:00-23:00"}), local(2026, 3, 28, 23)), 5 * 3600);
}

TEST_F(UntilOpen, AcrossTheNightInWhichAnHourComesTwice) {
  EXPECT_EQ(seconds_until_open(hours({"05:00-23:00"}), local(2026, 10, 24, 23)), 7 * 3600);
}

TEST_F(UntilOpen, AnOpeningThatTheClocksSkipComesBehindTheGap) {
  const std::time_t now = local(2026, 3, 29, 1, 30);
  const std::int64_t wait = seconds_until_open(hours({"02:30-23:00"}), now);
  EXPECT_GE(wait, 30 * 60); // 3:00 is when the gap ends
  EXPECT_LE(wait, 90 * 60);
  EXPECT_EQ(seconds_until_open(hours({"02:30-23:00"}), now + wait), 0);
}

} // namespace
} // namespace ledgergate::upstream
