#include "process/service_unit.h"

#include <gtest/gtest.h>

#include <fstream>

namespace ledgergate {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<microseconds> span_of(std::string_view text) {
  std::optional<microseconds> span;
  EXPECT_TRUE(read_time_span(text, span)) << text;
  return span;
}

TEST(TimeSpan, IsReadAsSystemdWritesIt) {
  EXPECT_EQ(span_of("90"), seconds(90));
  EXPECT_EQ(span_of("90s"), seconds(90));
  EXPECT_EQ(span_of(" 5min 20s "), seconds(320));
  EXPECT_EQ(span_of("5min20s"), seconds(320));
  EXPECT_EQ(span_of("1.5 min"), seconds(90));
  EXPECT_EQ(span_of("500ms"), milliseconds(500));
  EXPECT_EQ(span_of("1h"), minutes(60));
  EXPECT_EQ(span_of("infinity"), std::nullopt);
  std::optional<microseconds> span;
  for (const char* const wrong : {"", "soon", "5 apples", "-3s", "s", "1e300"}) EXPECT_FALSE(read_time_span(wrong, span)) << wrong;
}

class ServiceUnitTest : public testing::Test {
protected:
  std::filesystem::path root = std::filesystem::path(testing::TempDir()) /
                               (std::string("unit-") + testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { std::filesystem::remove_all(root); }
  void TearDown() override { std::filesystem::remove_all(root); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
};

TEST_F(ServiceUnitTest, WithoutOneTheShippedCounts) {
  write("etc/systemd/system/ledgergate.service.d/x.conf", "[Service]\nUser=other\n"); // of no unit
  const ServiceUnit unit = read_service_unit(root);
  EXPECT_EQ(unit.file, "");
  EXPECT_EQ(unit.user, "ledgergate");
  EXPECT_EQ(unit.timeout_stop, seconds(90));
}

TEST_F(ServiceUnitTest, TheAdministratorsOwnComesBeforeTheInstalled) {
  write("usr/lib/systemd/system/ledgergate.service", "[Service]\nUser=ledgergate\nTimeoutStopSec=90s\n");
  EXPECT_EQ(read_service_unit(root).file, (root / "usr/lib/systemd/system/ledgergate.service").string());
  write("etc/systemd/system/ledgergate.service", "[Unit]\nUser=nobody\n[Service]\n# User=x\nUser = edge \nTimeoutSec=2min\n");
  const ServiceUnit unit = read_service_unit(root);
  EXPECT_EQ(unit.user, "edge");
  EXPECT_EQ(unit.timeout_stop, seconds(120));
}

TEST_F(ServiceUnitTest, DropInsAreReadByTheirNames) {
  write("usr/lib/systemd/system/ledgergate.service", "[Service]\nUser=ledgergate\nGroup=ledgergate\nTimeoutStopSec=90s\n");
  write("usr/lib/systemd/system/ledgergate.service.d/50-a.conf", "[Service]\nTimeoutStopSec=1s\n");
  write("etc/systemd/system/ledgergate.service.d/50-a.conf", "[Service]\nTimeoutStopSec=5min\n");
  write("etc/systemd/system/ledgergate.service.d/10-b.conf",
        "[Service]\nTimeoutStopSec=infinity\nSupplementaryGroups=certs ssl-cert\n");
  write("etc/systemd/system/ledgergate.service.d/60-c.txt", "[Service]\nTimeoutStopSec=7s\n");
  const ServiceUnit unit = read_service_unit(root);
  EXPECT_EQ(unit.timeout_stop, minutes(5));
  EXPECT_EQ(unit.supplementary_groups, (std::vector<std::string>{"certs", "ssl-cert"}));
  write("etc/systemd/system/ledgergate.service.d/70-d.conf", "[Service]\nTimeoutStopSec=0\nSupplementaryGroups=\n");
  EXPECT_EQ(read_service_unit(root).timeout_stop, std::nullopt); // never, systemd.service(5)
  EXPECT_TRUE(read_service_unit(root).supplementary_groups.empty());
}

TEST_F(ServiceUnitTest, WhereTheServiceMayWrite) {
  write("usr/lib/systemd/system/ledgergate.service", "[Service]\nProtectSystem=strict\nPrivateTmp=yes\nLogsDirectory="
                                                     "ledgergate\nReadWritePaths=-/var/spool/ledgergate/ +/srv/a\n");
  const auto may = [&](const char* path) { return lets_write(read_service_unit(root), path); };
  for (const char* const path :
       {"/var/log/ledgergate/access.log", "/var/spool/ledgergate", "/srv/a/b/c", "/tmp/x", "/var/tmp/x", "/dev/null"})
    EXPECT_TRUE(may(path)) << path;
  for (const char* const path :
       {"/var/log/access.log", "/var/log/ledgergate2/x", "/srv/ab", "/srv", "/var/log/ledgergate/../x", "/home/x"})
    EXPECT_FALSE(may(path)) << path;
  // A list goes on in a drop-in, and an empty one ends it; of each key by itself.
  write("etc/systemd/system/ledgergate.service.d/1.conf", "[Service]\nReadWritePaths=/srv/b\n");
  EXPECT_TRUE(may("/srv/a/x") && may("/srv/b/x"));
  write("etc/systemd/system/ledgergate.service.d/2.conf",
        "[Service]\nReadWritePaths=\nPrivateTmp=no\nStateDirectory=edge:link \"more\"\n");
  EXPECT_FALSE(may("/srv/a/x") || may("/srv/b/x") || may("/tmp/x"));
  EXPECT_TRUE(may("/var/log/ledgergate/x") && may("/var/lib/edge/x") && may("/var/lib/more/x"));
  // What can't be known is not doubted.
  write("etc/systemd/system/ledgergate.service.d/3.conf", "[Service]\nReadWritePaths=%S/edge\n");
  EXPECT_TRUE(may("/srv/a/x"));
  write("etc/systemd/system/ledgergate.service.d/4.conf", "[Service]\nReadWritePaths=\nProtectSystem=full\n");
  EXPECT_TRUE(may("/srv/a/x"));
}

TEST_F(ServiceUnitTest, ALinkIsWhereItLeads) {
  write("usr/lib/systemd/system/ledgergate.service",
        "[Service]\nProtectSystem=strict\nReadWritePaths=" + (root / "logs").string() + "\n");
  std::filesystem::create_directories(root / "logs");
  std::filesystem::create_directories(root / "elsewhere");
  std::filesystem::create_symlink(root / "logs", root / "in");
  std::filesystem::create_symlink(root / "elsewhere", root / "logs/out");
  EXPECT_TRUE(lets_write(read_service_unit(root), root / "in/access.log"));
  EXPECT_FALSE(lets_write(read_service_unit(root), root / "logs/out/access.log"));
}

TEST(ServiceUnitFile, TheOneOfThisTreeIsAsTheConstantSays) {
  const std::filesystem::path source(LEDGERGATE_SOURCE_DIR);
  std::ifstream in(source / "systemd/ledgergate.service");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find("\nTimeoutStopSec=" + std::to_string(kShippedTimeoutStop.count()) + "s\n"), std::string::npos);
}

} // namespace
} // namespace ledgergate
