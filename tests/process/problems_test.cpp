#include "process/problems.h"

#include <gtest/gtest.h>

namespace ledgergate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> told(milliseconds drain, std::optional<std::chrono::microseconds> stop, const std::string& file = "") {
  settings::Settings settings;
  settings.timeouts.drain = drain;
  ServiceUnit unit;
  unit.file = file;
  unit.timeout_stop = stop;
  return doubts_of_unit(settings, unit);
}

TEST(DoubtsOfUnit, ADrainThatSystemdWouldCutIsTold) {
  ASSERT_EQ(told(seconds(300), seconds(90)).size(), 1U);
  EXPECT_EQ(told(seconds(300), seconds(90), "/etc/systemd/system/ledgergate.service").front(),
            "`timeouts.drain` is 5min, but systemd kills the service 90s after it was told to stop (TimeoutStopSec of "
            "/etc/systemd/system/ledgergate.service): requests would be cut. Let TimeoutStopSec be more than 305s (systemctl edit "
            "ledgergate), or the drain shorter");
  EXPECT_EQ(told(seconds(85), seconds(90)).size(), 1U) << "the few seconds behind the drain belong to it";
}

TEST(DoubtsOfUnit, WhatFitsIsNot) {
  EXPECT_TRUE(told(seconds(30), seconds(90)).empty());
  EXPECT_TRUE(told(milliseconds(84'999), seconds(90)).empty());
  EXPECT_TRUE(told(seconds(300), std::chrono::minutes(6)).empty());
  EXPECT_TRUE(told(std::chrono::hours(24), std::nullopt).empty());
}

TEST(DoubtsOfUnit, WhatTheUnitLetsNobodyWriteIsTold) {
  ServiceUnit unit;
  unit.file = "/lib/systemd/system/ledgergate.service";
  unit.all_read_only = true;
  unit.writable["LogsDirectory"] = {"/var/log/ledgergate"};
  unit.writable["ReadWritePaths"] = {"/var/spool/ledgergate"};
  settings::Settings settings;
  settings.spool.directory = "/var/spool/ledgergate";
  for (const char* const good : {"stdout", "stderr", "off", "/var/log/ledgergate/access.log"}) {
    settings.log.access = good;
    EXPECT_EQ(refused_by_unit(settings, unit), "") << good;
  }
  EXPECT_TRUE(doubts_of_unit(settings, unit).empty());
  settings.log.access = "/srv/access.log";
  settings.spool.directory = "/srv/spool";
  EXPECT_EQ(
      refused_by_unit(settings, unit),
      "`log.access` is /srv/access.log, where the service may write nothing (ProtectSystem=strict of "
      "/lib/systemd/system/ledgergate.service): it would not start. Let it be in /var/log/ledgergate, or name its directory in "
      "ReadWritePaths= (systemctl edit ledgergate)");
  ASSERT_EQ(doubts_of_unit(settings, unit).size(), 1U);
  EXPECT_EQ(doubts_of_unit(settings, unit).front().find("`spool.directory` is /srv/spool, where the service may write nothing"),
            0U);
  EXPECT_EQ(refused_by_unit(settings, ServiceUnit()), "") << "none is installed";
}

} // namespace
} // namespace ledgergate
