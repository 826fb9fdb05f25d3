#include "settings/load.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::settings;
using namespace std::chrono_literals;
using ledgergate::tests::TemporaryDirectory;

CommandLine loopback(std::string to) {
  CommandLine options;
  options.to = std::move(to);
  options.listen = "localhost:8443";
  return options;
}

std::vector<std::string> said(const CommandLine& options, bool usable) {
  const Loaded loaded = from_command_line(options);
  EXPECT_EQ(loaded.settings != nullptr, usable);
  std::vector<std::string> out;
  for (const Problem& problem : loaded.problems) out.push_back(problem.format());
  return out;
}
using Lines = std::vector<std::string>;

TEST(CommandLine, MakesOneListenerOneServerOneRoute) {
  const Loaded loaded = from_command_line(loopback("mserver=http://192.168.0.10:444"));
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_TRUE(loaded.problems.empty());
  const Settings& s = *loaded.settings;
  ASSERT_EQ(s.listeners.size(), 1U);
  EXPECT_EQ(s.listeners[0].kind, ListenerKind::plain);
  EXPECT_EQ(s.listeners[0].name, "127.0.0.1:8443");
  ASSERT_EQ(s.servers.size(), 1U);
  EXPECT_EQ(s.servers[0].name, "mserver");
  EXPECT_EQ(s.servers[0].profile, Profile::mserver);
  EXPECT_EQ(s.servers[0].authority, "192.168.0.10:444");
  EXPECT_EQ(s.servers[0].timeouts.reply, 300s);
  ASSERT_EQ(s.routes.size(), 1U);
  EXPECT_EQ(s.routes[0].path, "/");
  EXPECT_EQ(s.routes[0].server, 0U);
  EXPECT_TRUE(s.routes[0].anonymous);
}

TEST(CommandLine, AUrlAloneIsAnHttpServer) {
  const Loaded loaded = from_command_line(loopback("https://shop.example.cz"));
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->servers[0].profile, Profile::http);
  EXPECT_TRUE(loaded.settings->servers[0].https);
  EXPECT_EQ(loaded.settings->servers[0].port, 443);
}

TEST(CommandLine, ServesTlsWithACertificateAndItsKey) {
  const TemporaryDirectory directory;
  CommandLine options = loopback("https://h");
  options.certificate = directory.write("edge.crt", "x");
  options.key = directory.write("edge.private", "x");
  options.client_certificate = directory.write("client.pem", "x");
  options.upstream_ca = directory.write("ca.crt", "x");
  const Loaded loaded = from_command_line(options);
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->listeners[0].kind, ListenerKind::https);
  ASSERT_EQ(loaded.settings->listeners[0].certificates.size(), 1U);
  EXPECT_EQ(loaded.settings->listeners[0].certificates[0].key, options.key);
  EXPECT_EQ(loaded.settings->servers[0].tls.ca, options.upstream_ca);
  ASSERT_TRUE(loaded.settings->servers[0].tls.client_certificate);
  EXPECT_EQ(loaded.settings->servers[0].tls.client_certificate->chain, options.client_certificate);
  EXPECT_EQ(loaded.settings->servers[0].tls.client_certificate->key, options.client_certificate);
}

TEST(CommandLine, ABranchLeavesTheLineToTheEdgeAndWaitsLonger) {
  const TemporaryDirectory directory;
  CommandLine options = loopback("mserver=https://edge.example.cz");
  const Loaded direct = from_command_line(options);
  ASSERT_NE(direct.settings, nullptr);
  EXPECT_EQ(direct.settings->servers[0].concurrency, 1U);
  options.client_certificate = directory.write("branch.pem", "x");
  const Loaded branch = from_command_line(options);
  ASSERT_NE(branch.settings, nullptr);
  const Server& server = branch.settings->servers[0];
  EXPECT_EQ(server.concurrency, 0U);
  EXPECT_EQ(server.spool, SpoolChoice::off);
  const Server& edge = direct.settings->servers[0]; // with the same defaults
  EXPECT_GT(server.timeouts.reply, edge.queue.wait + edge.timeouts.connect + edge.timeouts.reply);
  EXPECT_EQ(server.profile, Profile::mserver);
}

TEST(CommandLine, AClientsKeyMayHaveAFileOfItsOwn) {
  const TemporaryDirectory directory;
  CommandLine options = loopback("https://h");
  options.client_key = directory.write("branch.key", "x");
  EXPECT_EQ(said(options, false), Lines{"--client-key: error: needs its certificate: add --client-cert FILE"});
  options.client_certificate = directory.write("branch.pem", "x");
  const Loaded loaded = from_command_line(options);
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->servers[0].tls.client_certificate->key, options.client_key);
}

TEST(CommandLine, PublishesToOthersOnlyWhenAnonymousIsSaid) {
  CommandLine options = loopback("http://h");
  options.listen = ":8443";
  EXPECT_EQ(said(options, false),
            (Lines{"--listen: error: everyone who reaches [::]:8443 could use the server without saying who they are: add "
                   "--anonymous if that is meant, or listen on 127.0.0.1:8443",
                   "--listen: warning: this serves without TLS on an address that is not private: add --cert and --key"}));
  options.anonymous = true;
  EXPECT_EQ(said(options, true),
            (Lines{"--listen: warning: this serves without TLS on an address that is not private: add --cert and --key"}));
  options.listen = "192.168.0.1:80";
  EXPECT_EQ(said(options, true), Lines{});
  options.anonymous = false;
  EXPECT_EQ(said(options, false).size(), 1U);
  options.listen = "[::1]:80";
  EXPECT_EQ(said(options, true), Lines{});
}

TEST(CommandLine, TellsEveryMistakeAtOnce) {
  CommandLine options = loopback("mservr=http://h/x");
  options.listen = "8443";
  options.certificate = "/nonexistent/edge.crt";
  options.upstream_ca = "/";
  EXPECT_EQ(
      said(options, false),
      (Lines{
          "--to: error: there is no profile `mservr` (did you mean `mserver`?); write PROFILE=URL or just URL",
          "--to: error: the URL of the server: it must end behind host and port: no path (a route's `rewrite_prefix` adds one)",
          "--upstream-ca: error: `/` is not a file",
          "--listen: error: `8443` is not an address to listen on: write `:8443`, `127.0.0.1:8443`, `[::]:443` or `localhost:8443`",
          "--cert: error: needs its private key: add --key FILE",
          "--cert: error: the file `/nonexistent/edge.crt` does not exist",
      }));
}

TEST(CommandLine, RefusesHalvesAndWhatMeansNothing) {
  const TemporaryDirectory directory;
  CommandLine options = loopback("http://h");
  options.key = directory.write("edge.private", "x");
  EXPECT_EQ(said(options, false), (Lines{"--key: error: needs its certificate: add --cert FILE"}));
  options = loopback("http://h");
  options.upstream_ca = options.client_certificate = directory.write("ca.crt", "x");
  EXPECT_EQ(said(options, false), (Lines{"--upstream-ca: error: has no meaning for an http:// server",
                                         "--client-cert: error: has no meaning for an http:// server"}));
}

TEST(CommandLine, NeverRepeatsAPassword) {
  for (const std::string to : {"http://user:hunter2@h", "mserver=http://user:hunter2@h", "user:hunter2@h", "user:hunter2=x@h"})
    for (const std::string& line : said(loopback(to), false)) EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
}

} // namespace
