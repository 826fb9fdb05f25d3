// What a reload lends from the settings before, and what the names of one server have in common.
#include "state/snapshot.h"

#include "settings/load.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include <unistd.h>

namespace ledgergate {
namespace {

class SnapshotTest : public ::testing::Test {
protected:
  std::shared_ptr<const Snapshot> make(const std::string& servers,
                                       const std::string& listeners = "  - { address: \"127.0.0.1:8443\", tls: off }\n") {
    const auto loaded = settings::load_text("listen:\n" + listeners + "servers:\n" + servers +
                                                "routes:\n  - { server: a, access: anonymous }\nspool: { directory: /tmp }\n",
                                            "x.yaml");
    EXPECT_NE(loaded.settings, nullptr);
    SnapshotProblems problems;
    auto made = make_snapshot(loaded.settings, keys, turns, now.get(), problems);
    EXPECT_NE(made, nullptr);
    auto change = turns.prepare(*loaded.settings);
    turns.apply(change);
    now = made;
    return made;
  }
  listen::TicketKeys keys;
  upstream::TurnTable turns;
  std::shared_ptr<const Snapshot> now;
};

// Else max_connections could be passed by renaming it.
TEST_F(SnapshotTest, AListenerOfAnotherNameAtTheSameAddressGoesOnCountingItsConnections) {
  const std::string server = "  a: { url: \"http://10.0.0.9\" }\n";
  const auto before = make(server, "  - { name: one, address: \"127.0.0.1:8443\", tls: off }\n"
                                   "  - { name: two, address: \"127.0.0.1:8444\", tls: off }\n");
  const auto after = make(server, "  - { name: two, address: \"127.0.0.1:8443\", tls: off }\n"
                                  "  - { name: three, address: \"127.0.0.1:8445\", tls: off }\n");
  EXPECT_EQ(after->listeners[0].connections, before->listeners[0].connections);
  EXPECT_NE(after->listeners[1].connections, before->listeners[1].connections);
}

TEST_F(SnapshotTest, OfListenersWithoutAPortTheNameSaysWhichIsWhich) {
  const std::string server = "  a: { url: \"http://10.0.0.9\" }\n";
  const auto before = make(server, "  - { name: one, address: \"127.0.0.1:0\", tls: off }\n"
                                   "  - { name: two, address: \"127.0.0.1:0\", tls: off }\n");
  const auto after = make(server, "  - { name: two, address: \"127.0.0.1:0\", tls: off }\n"
                                  "  - { name: three, address: \"127.0.0.1:0\", tls: off }\n");
  EXPECT_EQ(after->listeners[0].connections, before->listeners[1].connections);
  EXPECT_NE(after->listeners[1].connections, before->listeners[0].connections);
}

TEST_F(SnapshotTest, NamesOfOneServerShareItsLineAndItsStatus) {
  const auto made = make("  a: { url: \"http://10.0.0.9:444\", profile: mserver }\n"
                         "  b: { url: \"http://10.0.0.9:444\", profile: mserver }\n"
                         "  c: { url: \"http://10.0.0.9:445\", profile: mserver }\n"
                         "  d: { url: \"http://10.0.0.9:444\" }\n");
  EXPECT_EQ(made->turns[0], made->turns[1]);
  EXPECT_EQ(made->turns[0], made->turns[3]);
  EXPECT_NE(made->turns[0], made->turns[2]);
  EXPECT_EQ(made->boards[0], made->boards[1]);
  EXPECT_NE(made->boards[0], made->boards[2]);
  EXPECT_EQ(made->boards[3], nullptr);
}

// What one name can't ask, for want of a CA, must not be the answer to the other.
TEST_F(SnapshotTest, NamesThatAskInDifferentWaysDoNotShareTheStatus) {
  const auto made = make("  a: { url: \"https://10.0.0.9:444\", profile: mserver }\n"
                         "  b: { url: \"https://10.0.0.9:444\", profile: mserver, tls: { name: pohoda.firma.cz } }\n"
                         "  c: { url: \"http://10.0.0.9:444\", profile: mserver }\n");
  EXPECT_NE(made->boards[0], made->boards[1]);
  EXPECT_NE(made->boards[0], made->boards[2]);
  EXPECT_EQ(made->turns[0], made->turns[1]);
  EXPECT_EQ(made->turns[0], made->turns[2]);
}

TEST_F(SnapshotTest, AReloadKeepsThemByPlace) {
  const auto before = make("  a: { url: \"http://10.0.0.9:444\", profile: mserver }\n");
  const auto renamed = make("  a: { url: \"http://10.0.0.8:444\", profile: mserver }\n"
                            "  b: { url: \"http://10.0.0.9:444\", profile: mserver, concurrency: none }\n");
  EXPECT_EQ(renamed->turns[1], before->turns[0]);
  EXPECT_EQ(renamed->boards[1], before->boards[0]);
  EXPECT_NE(renamed->turns[0], before->turns[0]) << "another server by the same name";
  EXPECT_NE(renamed->boards[0], before->boards[0]);
}

// --- files that the user of the service can't get at
// ------------------------------------------------------------------------------

TEST_F(SnapshotTest, AWebrootThatCanNotBeReadIsNamed) {
  const tests::TemporaryDirectory directory;
  const std::filesystem::path inner = directory.path() / ".well-known";
  std::filesystem::create_directories(inner / "acme-challenge");
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  const auto errors_as_nobody = [&] {
    const auto loaded =
        settings::load_text("listen:\n  - { address: \"127.0.0.1:8080\", tls: off, acme_webroot: " + directory.path().string() +
                                " }\nservers:\n  a: { url: \"http://10.0.0.9\" }\n"
                                "routes:\n  - { server: a, access: anonymous }\nspool: { directory: /tmp }\n",
                            "x.yaml");
    EXPECT_NE(loaded.settings, nullptr);
    SnapshotProblems problems;
    const bool root = ::getuid() == 0;
    EXPECT_EQ(root ? ::setresuid(65534, 65534, 0) : 0, 0);
    static_cast<void>(make_snapshot(loaded.settings, keys, turns, nullptr, problems));
    EXPECT_EQ(root ? ::setresuid(0, 0, 0) : 0, 0);
    return problems.errors.empty() ? std::string() : problems.errors.front();
  };
  EXPECT_EQ(errors_as_nobody(), "");
  std::filesystem::permissions(inner, std::filesystem::perms(0000));
  EXPECT_NE(errors_as_nobody().find(inner.string()), std::string::npos) << errors_as_nobody();
  std::filesystem::permissions(inner, std::filesystem::perms(0755));
  EXPECT_EQ(errors_as_nobody(), "");
}

} // namespace
} // namespace ledgergate
