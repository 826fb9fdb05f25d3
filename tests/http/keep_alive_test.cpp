#include "http/keep_alive.h"

#include <gtest/gtest.h>

namespace ledgergate::http {
namespace {

int seconds(std::string_view value) {
  const auto time = kept_alive_for({{"Connection", "Keep-Alive"}, {"keep-alive", value}});
  return time ? static_cast<int>(time->count()) : -1;
}

TEST(KeepAlive, SaysHowLongAnIdleConnectionIsKept) {
  EXPECT_EQ(seconds("timeout=5, max=100"), 5);
  EXPECT_EQ(seconds("max=99,timeout=15"), 15);
  EXPECT_EQ(seconds("TIMEOUT = 5"), 5);
  EXPECT_EQ(seconds("timeout=\"5\""), 5);
  EXPECT_EQ(seconds("timeout=5; max=3"), 5);
  EXPECT_EQ(seconds("timeout=0"), 0);
  EXPECT_EQ(seconds("timeout=9, timeout=4"), 4) << "the shortest";
  EXPECT_EQ(seconds("timeout=5, max=0"), 0) << "it takes no further request";
}

TEST(KeepAlive, SaysItLoosely) {
  for (const char* const value : {"timeout=2.5", "timeout=2s", "timeout=+2", "timeout=02", "timeout=\"2", "timeout=\" 2 s\"", "2",
                                  " 2 , max=5", "2s", "+2", "max=9;2"})
    EXPECT_EQ(seconds(value), 2) << value;
  EXPECT_EQ(seconds("300"), 300);
  EXPECT_EQ(kept_alive_for({{"Keep-Alive", "timeout=99999999999"}}), std::chrono::seconds(0xFFFFFFFF));
}

TEST(KeepAlive, ATimeThatCannotBeReadIsNone) {
  for (const char* const value : {"timeout", "timeout=", "timeout=x", "timeout=-5", "timeout=s2", "timeout=.5", "timeout=++2",
                                  "timeout=\"\"", "max=9, timeout"})
    EXPECT_EQ(seconds(value), 0) << value;
}

TEST(KeepAlive, SaysNothingOtherwise) {
  for (const char* const value : {"", "max=5", "max=x", "max", "xtimeout=5", "x", "x=5", ",,;", "=", "=5"})
    EXPECT_EQ(seconds(value), -1) << value;
  EXPECT_FALSE(kept_alive_for({{"Connection", "timeout=5"}}).has_value());
  EXPECT_EQ(kept_alive_for({{"Keep-Alive", "timeout=9"}, {"Keep-Alive", "timeout=3"}}), std::chrono::seconds(3));
}

} // namespace
} // namespace ledgergate::http
