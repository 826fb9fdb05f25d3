#include "settings/load.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace ledgergate;
using namespace ledgergate::settings;
using namespace std::chrono_literals;
using tests::TemporaryDirectory;
namespace fs = std::filesystem;

const fs::path kConfig = fs::path(LEDGERGATE_SOURCE_DIR) / "tests" / "config";
constexpr std::string_view kMinimal =
    "listen:\n  - { address: \"127.0.0.1:8443\", tls: off }\nservers:\n  app: { url: \"http://192.168.0.10:8080\" }\n"
    "routes:\n  - { server: app, access: anonymous }\n";

// The one error of a file that can't be used.
std::string only_error(const Loaded& loaded) {
  EXPECT_EQ(loaded.settings, nullptr);
  return loaded.problems.size() == 1 ? loaded.problems[0].format() : std::to_string(loaded.problems.size()) + " problems";
}
std::string mistake(std::string_view yaml) { return only_error(load_text(yaml, "x.yaml")); }

TEST(Load, WhatEverybodyMayChangeIsNotBelieved) {
  const TemporaryDirectory in;
  const std::string ca = in.write("ca.pem", ""), file = in.write("edge.yaml", "listen:\n"
                                                                              "  - address: \":443\"\n"
                                                                              "    certificates: [{ chain: ca.pem, key: ca.pem }]\n"
                                                                              "    client_ca: [ca.pem]\n"
                                                                              "    client_crl: ca.pem\n"
                                                                              "servers: { app: { url: \"http://192.168.0.10\" } }\n"
                                                                              "routes: [{ server: app, access: anonymous }]\n");
  EXPECT_TRUE(load_file(file).settings);
  fs::permissions(ca, fs::perms::others_write, fs::perm_options::add);
  const Loaded loaded = load_file(file);
  EXPECT_FALSE(loaded.settings);
  ASSERT_EQ(loaded.problems.size(), 2U);
  const std::string why = '`' + ca + "`: every user of this machine may change it; run: chmod o-w " + ca;
  EXPECT_EQ(loaded.problems[0].format(), file + ":4:17: error: an item of `client_ca`: " + why);
  EXPECT_EQ(loaded.problems[1].format(), file + ":5:17: error: `client_crl`: " + why);
  fs::permissions(ca, fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(only_error(load_file(file)), file + ": error: every user of this machine may change it; run: chmod o-w " + file);
}

TEST(Load, StrangersOfOneAddressHaveABoundThatCanBeLifted) {
  const auto limits = [](const std::string& words) {
    const Loaded loaded = load_text(std::string(kMinimal) + words, "x.yaml");
    EXPECT_TRUE(loaded.problems.empty()) << words;
    return loaded.settings ? loaded.settings->address_limits : RateLimits{};
  };
  EXPECT_EQ(limits("").connections, 256U);
  EXPECT_FALSE(limits("").of_requests());
  EXPECT_EQ(limits("address_limits: { requests: 5/s }\n").connections, 256U);
  EXPECT_TRUE(limits("address_limits: { requests: 5/s }\n").of_requests());
  EXPECT_EQ(limits("address_limits: { connections: 7 }\n").connections, 7U);
  EXPECT_EQ(limits("address_limits: { connections: none, concurrent: 3 }\n").connections, 0U);
  EXPECT_EQ(limits("address_limits: { connections: none, concurrent: 3 }\n").concurrent, 3U);
  EXPECT_FALSE(limits("address_limits: off\n").any());
}

TEST(Load, TheShortestFileHasTheDefaultsOfSettings) {
  const Loaded loaded = load_text(kMinimal, "x.yaml");
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_TRUE(loaded.problems.empty());
  const Settings& s = *loaded.settings;
  const Settings defaults;
  EXPECT_EQ(s.workers, 0U);
  EXPECT_EQ(s.limits.head, defaults.limits.head);
  EXPECT_EQ(s.timeouts.head, defaults.timeouts.head);
  EXPECT_EQ(s.spool.directory, defaults.spool.directory);
  EXPECT_EQ(s.log.access, "stdout");
  ASSERT_EQ(s.listeners.size(), 1U);
  EXPECT_EQ(s.listeners[0].name, "127.0.0.1:8443");
  EXPECT_EQ(s.listeners[0].kind, ListenerKind::plain);
  EXPECT_TRUE(s.listeners[0].odd_hosts);
  ASSERT_EQ(s.servers.size(), 1U);
  EXPECT_EQ(s.servers[0].authority, "192.168.0.10:8080");
  EXPECT_EQ(s.servers[0].body_limit, 0U);
  ASSERT_EQ(s.routes.size(), 1U);
  EXPECT_EQ(s.routes[0].name, "/");
  EXPECT_EQ(s.routes[0].path, "/");
  EXPECT_TRUE(s.routes[0].anonymous);
  EXPECT_TRUE(s.routes[0].listeners.empty());
  EXPECT_EQ(s.routes[0].upstream_host, UpstreamHost::server);
}

TEST(Load, EachProfileBringsItsOwnDefaults) {
  const auto server = [](const std::string& profile) {
    const Loaded loaded = load_text(
        "listen: [{ name: lan, address: \"127.0.0.1:1\", tls: off }]\nservers: { s: { url: \"http://h\", profile: " + profile +
            " } }\nroutes: [{ server: s, listeners: [lan], access: anonymous }]\n",
        "x");
    EXPECT_NE(loaded.settings, nullptr) << profile;
    return loaded.settings ? loaded.settings->servers.at(0) : Server{};
  };
  constexpr std::uint64_t mi = 1024 * 1024;
  EXPECT_EQ(server("http").timeouts.reply, 120s);
  EXPECT_EQ(server("http").body_limit, 0U);
  EXPECT_EQ(server("mserver").timeouts.reply, 300s);
  EXPECT_EQ(server("mserver").body_limit, 256 * mi);
  EXPECT_EQ(server("apicomprem").timeouts.reply, 130s);
  EXPECT_EQ(server("apicomprem").body_limit, 64 * mi);
  EXPECT_EQ(server("eshop").timeouts.reply, 120s);
  EXPECT_EQ(server("eshop").body_limit, 256 * mi);
  EXPECT_EQ(server("onec").timeouts.reply, 600s);
  EXPECT_EQ(server("onec").body_limit, 1024 * mi);
  EXPECT_EQ(server("mobile_smarts").body_limit, 256 * mi);
}

TEST(Load, ASmallerHeadAloneBringsASmallerTarget) {
  const Loaded loaded = load_text(std::string(kMinimal) + "limits: { head: 4KiB }\n", "x");
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->limits.target, 2048U);
}

TEST(Load, FilesFromWindowsEditorsAreFine) {
  std::string text = "\xef\xbb\xbf";
  for (const char c : kMinimal) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_NE(load_text(text, "x").settings, nullptr);
  EXPECT_EQ(mistake(text + "wrkers: 4\r\n"), "x.yaml:7:1: error: unknown key `wrkers` (did you mean `workers`?)");
}

TEST(Load, WhatIsNoTextIsOneClearLine) {
  EXPECT_EQ(mistake(""), "x.yaml: error: the file is empty: it needs at least `listen`, `servers` and `routes`");
  EXPECT_EQ(mistake("a: 1\nb: \xe1\n"), "x.yaml:2:4: error: this byte is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(mistake("a: \xc3\xba \xed\xa0\x80\n"), "x.yaml:1:6: error: this byte is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(mistake("a: \xf4\x90\x80\x80"), "x.yaml:1:4: error: this byte is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(mistake("a: \xe2\x82"), "x.yaml:1:4: error: this byte is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(mistake("a: \xc0\xaf"), "x.yaml:1:4: error: this byte is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(mistake(std::string_view("a: \0b\n", 6)), "x.yaml:1:4: error: a control character stands here");
  EXPECT_EQ(mistake("a: \x1b[31m\n"), "x.yaml:1:4: error: a control character stands here");
  EXPECT_EQ(mistake("\xff\xfe"
                    "a"),
            "x.yaml:1:1: error: this byte is not UTF-8; save the file as UTF-8");
}

TEST(LoadFile, WhatIsNoConfigFileIsOneClearLine) {
  const TemporaryDirectory directory;
  const std::string here = directory.path().string();
  EXPECT_EQ(only_error(load_file(here + "/none.yaml")), here + "/none.yaml: error: can't be opened: No such file or directory");
  EXPECT_EQ(only_error(load_file(here)), here + ": error: is a directory, not a file");
  EXPECT_EQ(only_error(load_file("")), "error: can't be opened: No such file or directory");

  const std::string loop = here + "/loop.yaml";
  fs::create_symlink("loop.yaml", loop);
  EXPECT_EQ(only_error(load_file(loop)), loop + ": error: can't be opened: Too many levels of symbolic links");

  const std::string fifo = here + "/fifo.yaml";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(only_error(load_file(fifo)), fifo + ": error: is not a regular file");

  // Opens well for oneself, and can't be read at its start, where nothing is mapped: a read that fails, for root too.
  EXPECT_EQ(only_error(load_file("/proc/self/mem")), "/proc/self/mem: error: can't be read: Input/output error");
}

TEST(LoadFile, AMebibyteIsTheMost) {
  const TemporaryDirectory directory;
  std::string text(kMinimal);
  text += '#' + std::string(1024 * 1024 - text.size() - 1, 'x');
  const std::string most = directory.write("most.yaml", text);
  EXPECT_NE(load_file(most).settings, nullptr);
  const std::string more = directory.write("more.yaml", text + 'x');
  EXPECT_EQ(only_error(load_file(more)), more + ": error: larger than 1 MiB; this is no config file");
}

TEST(LoadFile, RelativeNamesStartAtTheFilesDirectory) {
  const TemporaryDirectory directory;
  directory.write("edge.crt", "x");
  directory.write("edge.private", "x");
  std::string text(kMinimal);
  text.replace(text.find("tls: off"), 8, "certificates: [{ chain: edge.crt, key: ./edge.private }]");
  const Loaded loaded = load_file(directory.write("edge.yaml", text));
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->listeners[0].certificates[0].chain, directory.path() / "edge.crt");
  EXPECT_EQ(loaded.settings->listeners[0].certificates[0].key, directory.path() / "edge.private");
}

TEST(Load, ProblemsAreInFileOrderAndNotEndless) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const Loaded loaded = load_text(text, "x.yaml");
  EXPECT_EQ(loaded.settings, nullptr);
  ASSERT_GT(loaded.problems.size(), 50U);
  EXPECT_LT(loaded.problems.size(), 200U);
  EXPECT_TRUE(std::is_sorted(loaded.problems.begin(), loaded.problems.end() - 1,
                             [](const Problem& a, const Problem& b) { return a.line < b.line; }));
  EXPECT_NE(loaded.problems.back().text.find(" more"), std::string::npos);
}

TEST(Load, LongValuesAreCutInMessagesAndControlsNotRepeated) {
  const std::string text = mistake(std::string(kMinimal) + "workers: \"" + std::string(5000, 'x') + "\"\n");
  EXPECT_LT(text.size(), 250U);
  EXPECT_EQ(mistake(std::string(kMinimal) + "workers: \"\\e[31m\"\n"),
            "x.yaml:7:10: error: `workers` must be a number from 1 to 256, not `?[31m`");
}

// Whatever is broken in a file, the answer is settings or words, never an exception.
TEST(Load, EveryTruncationAndEveryDamagedByteIsAnswered) {
  std::ifstream in(kConfig / "valid" / "full.yaml");
  std::stringstream stream;
  stream << in.rdbuf();
  const std::string full = stream.str();
  ASSERT_GT(full.size(), 1000U);
  const std::string name = (kConfig / "valid" / "full.yaml").string();
  const auto answered = [&](const std::string& text) {
    const Loaded loaded = load_text(text, name);
    const bool has_error =
        std::any_of(loaded.problems.begin(), loaded.problems.end(), [](const Problem& problem) { return !problem.warning; });
    EXPECT_NE(loaded.settings != nullptr, has_error) << text;
  };
  // One thread tells TSan nothing, in much time.
#ifdef __SANITIZE_THREAD__
  constexpr std::size_t kStep = 100;
#else
  constexpr std::size_t kStep = 5;
#endif
  for (std::size_t i = 0; i < full.size(); i += kStep) {
    answered(full.substr(0, i));
    for (const char damage : {'"', '\'', '{', '[', ':', '\n', '&', '*', '!', '%', '\0', '\xff'}) {
      if (i % 4 != 0) continue;
      std::string text = full;
      text[i] = damage;
      answered(text);
    }
  }
}

TEST(Problem, IsOneLineInTheFormOfCompilers) {
  EXPECT_EQ((Problem{"edge.yaml", 3, 5, "unknown key `adress`", false}).format(), "edge.yaml:3:5: error: unknown key `adress`");
  EXPECT_EQ((Problem{"edge.yaml", 0, 0, "is a directory", false}).format(), "edge.yaml: error: is a directory");
  EXPECT_EQ((Problem{"--listen", 0, 0, "no TLS", true}).format(), "--listen: warning: no TLS");
}

} // namespace
