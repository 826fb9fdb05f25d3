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

std::string literal_of(const Template& value) {
  std::string out;
  for (const auto& part : value)
    out += part.kind == Variable::literal ? part.literal : '<' + std::to_string(static_cast<int>(part.kind)) + '>';
  return out;
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

class FullFixture : public testing::Test {
protected:
  void SetUp() override {
    loaded_ = load_file((kConfig / "valid" / "full.yaml").string());
    ASSERT_NE(loaded_.settings, nullptr);
    ASSERT_EQ(loaded_.settings->listeners.size(), 3U);
    ASSERT_EQ(loaded_.settings->servers.size(), 3U);
    ASSERT_EQ(loaded_.settings->routes.size(), 4U);
  }
  [[nodiscard]] const Settings& settings() const { return *loaded_.settings; }

private:
  Loaded loaded_;
};

TEST_F(FullFixture, ListenersAreAsWritten) {
  const auto& listeners = settings().listeners;
  const auto file = [](const char* name) { return kConfig / "files" / name; };
  EXPECT_EQ(listeners[0].name, "internet");
  EXPECT_EQ(listeners[0].kind, ListenerKind::https);
  EXPECT_EQ(listeners[0].address.text(), "[::]:443");
  ASSERT_EQ(listeners[0].certificates.size(), 2U);
  EXPECT_EQ(listeners[0].certificates[0].chain, file("edge.crt"));
  EXPECT_EQ(listeners[0].certificates[1].key, file("edge.private"));
  EXPECT_FALSE(listeners[0].odd_hosts);
  EXPECT_EQ(listeners[0].max_connections, 77U);
  EXPECT_EQ(listeners[1].kind, ListenerKind::redirect);
  EXPECT_EQ(listeners[1].redirect_port, 8443);
  EXPECT_EQ(fs::path(listeners[1].acme_webroot), kConfig / "files");
  EXPECT_EQ(listeners[2].kind, ListenerKind::plain);
  EXPECT_EQ(listeners[2].name, "127.0.0.1:8080");
}

TEST_F(FullFixture, ServersAreAsWritten) {
  const auto& servers = settings().servers;
  EXPECT_EQ(servers[0].profile, Profile::mserver);
  EXPECT_EQ(servers[0].host, "c0508p");
  EXPECT_EQ(servers[0].port, 444);
  EXPECT_EQ(servers[0].authority, "c0508p:444");
  EXPECT_FALSE(servers[0].https);
  const ServerTimeouts& t = servers[0].timeouts;
  EXPECT_EQ(t.connect, 1s);
  EXPECT_EQ(t.send, 2min);
  EXPECT_EQ(t.reply, 1h);
  EXPECT_EQ(t.stall, 500ms);
  EXPECT_EQ(t.idle, 24h);
  EXPECT_EQ(servers[0].keep_idle, 0U);
  EXPECT_EQ(servers[0].resolve_every, 7min);
  EXPECT_EQ(servers[0].body_limit, std::uint64_t{2} << 30U);

  EXPECT_TRUE(servers[1].https);
  EXPECT_EQ(servers[1].port, 443);
  EXPECT_EQ(servers[1].authority, "shop.example.cz");
  EXPECT_TRUE(servers[1].tls.verify);
  EXPECT_EQ(fs::path(servers[1].tls.ca), kConfig / "files" / "edge.crt");
  EXPECT_EQ(servers[1].tls.name, "other.example.cz");
  ASSERT_TRUE(servers[1].tls.client_certificate);
  EXPECT_EQ(servers[1].tls.client_certificate->key, kConfig / "files" / "edge.private");

  EXPECT_EQ(servers[2].host, "fd00::1");
  EXPECT_EQ(servers[2].authority, "[fd00::1]:8443");
  EXPECT_FALSE(servers[2].tls.verify);
  EXPECT_EQ(servers[2].timeouts.reply, 600s);
  EXPECT_EQ(servers[2].body_limit, 0U);
}

TEST_F(FullFixture, RoutesAreAsWrittenAndResolved) {
  const auto& routes = settings().routes;
  EXPECT_EQ(routes[0].name, "main");
  EXPECT_EQ(routes[0].host, "ucto.example.cz");
  EXPECT_EQ(routes[0].path, "/shop/účty");
  EXPECT_EQ(routes[0].server, 1U);
  EXPECT_EQ(routes[0].listeners, (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(routes[0].rewrite_prefix, "/%C3%BA");
  EXPECT_EQ(routes[0].upstream_host, UpstreamHost::literal);
  EXPECT_EQ(routes[0].upstream_host_literal, "pohoda.lan:444");
  EXPECT_EQ(routes[0].public_url, "https://ucto.example.cz:8443");
  EXPECT_FALSE(routes[0].map_location);
  EXPECT_TRUE(routes[0].mask_server_name);
  EXPECT_EQ(routes[0].hsts, "max-age=63072000; includeSubDomains; preload");
  EXPECT_EQ(routes[0].body_limit, 10U * 1024 * 1024);

  EXPECT_EQ(routes[1].host, "*.example.cz");
  EXPECT_EQ(routes[1].name, "*.example.cz/");
  EXPECT_FALSE(routes[1].mask_server_name);
  EXPECT_EQ(routes[1].upstream_host, UpstreamHost::client);
  EXPECT_EQ(routes[1].hsts, "max-age=86400");
  EXPECT_TRUE(routes[2].strip_prefix);
  EXPECT_EQ(routes[2].hsts, "max-age=31536000");
  EXPECT_EQ(routes[3].host, "fd00::2");
  EXPECT_TRUE(routes[3].strip_prefix) << "`rewrite_prefix: /` is the same thing";
  EXPECT_TRUE(routes[3].rewrite_prefix.empty());
}

TEST_F(FullFixture, HeaderRulesRunInTheOrderRemoveSetAdd) {
  const auto& rules = settings().routes[0].request_headers;
  ASSERT_EQ(rules.size(), 5U);
  EXPECT_EQ(rules[0].action, HeaderAction::remove);
  EXPECT_EQ(rules[0].name, "x-two");
  EXPECT_EQ(rules[1].name, "User-Agent");
  EXPECT_EQ(rules[2].action, HeaderAction::set);
  EXPECT_EQ(literal_of(rules[2].value), "1");
  EXPECT_EQ(rules[3].name, "X-Empty-Not");
  ASSERT_EQ(rules[3].value.size(), 1U);
  EXPECT_EQ(rules[3].value[0].kind, Variable::request_id);
  EXPECT_EQ(rules[4].action, HeaderAction::add);
  ASSERT_EQ(rules[4].value.size(), 4U);
  EXPECT_EQ(rules[4].value[0].literal, "a ");
  EXPECT_EQ(rules[4].value[1].kind, Variable::client_ip);
  EXPECT_EQ(rules[4].value[2].literal, "${x} $1 ");
  EXPECT_EQ(rules[4].value[3].kind, Variable::tls_sni);
}

TEST_F(FullFixture, BoundsAndLogAreAsWritten) {
  const Settings& s = settings();
  EXPECT_EQ(s.workers, 3U);
  ASSERT_EQ(s.trusted_proxies.size(), 3U);
  EXPECT_EQ(s.trusted_proxies[2], *Cidr::parse("192.0.2.0/24"));
  EXPECT_EQ(s.limits.head, 16U * 1024);
  EXPECT_EQ(s.limits.headers, 50U);
  EXPECT_EQ(s.limits.target, 4U * 1024);
  EXPECT_EQ(s.limits.reply_head, 128U * 1024);
  EXPECT_EQ(s.limits.requests_per_connection, 5U);
  EXPECT_EQ(s.timeouts.handshake, 1s);
  EXPECT_EQ(s.timeouts.head, 2s);
  EXPECT_EQ(s.timeouts.idle, 3s);
  EXPECT_EQ(s.timeouts.drain, 4s);
  EXPECT_EQ(s.timeouts.linger, 5s);
  EXPECT_EQ(s.body_rate.bytes_per_second, 1024U);
  EXPECT_EQ(s.body_rate.over, 1min);
  EXPECT_EQ(fs::path(s.spool.directory), kConfig / "files");
  EXPECT_EQ(s.spool.memory, 1024U * 1024);
  EXPECT_EQ(fs::path(s.log.access), kConfig / "files" / "access.log");
  EXPECT_EQ(s.log.format, LogFormat::text);
  EXPECT_EQ(s.log.level, LogLevel::warning);
  EXPECT_EQ(s.log.mask_query, (std::vector<std::string>{"pin", "vin"}));
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
  for (std::size_t i = 0; i < full.size(); i += 3) {
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
