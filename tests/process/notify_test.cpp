#include "process/notify.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <unistd.h>

namespace ledgergate {
namespace {

class NotifyTest : public testing::Test {
protected:
  void TearDown() override {
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
};

TEST_F(NotifyTest, TheWatchdogIsFedTwiceInItsTime) {
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(notify::watchdog_interval(), std::chrono::seconds(15)); // sd_watchdog_enabled(3): half of it
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(notify::watchdog_interval(), std::chrono::seconds(15));
}

TEST_F(NotifyTest, NobodyElsesWatchdogIsFed) {
  EXPECT_EQ(notify::watchdog_interval().count(), 0);
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(notify::watchdog_interval().count(), 0);
}

} // namespace
} // namespace ledgergate
