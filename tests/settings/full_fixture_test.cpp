// config/valid/full.yaml has every key, none at its default: here each is found again.
#include "settings/load.h"

#include "given_credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>

namespace {

using namespace ledgergate;
using namespace ledgergate::settings;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path kConfig = fs::path(LEDGERGATE_SOURCE_DIR) / "tests" / "config";

std::string literal_of(const Template& value) {
  std::string out;
  for (const auto& part : value)
    out += part.kind == Variable::literal ? part.literal : '<' + std::to_string(static_cast<int>(part.kind)) + '>';
  return out;
}

class FullFixture : public testing::Test {
protected:
  void SetUp() override {
    loaded_ = load_file((kConfig / "valid" / "full.yaml").string());
    ASSERT_NE(loaded_.settings, nullptr);
    ASSERT_EQ(loaded_.settings->listeners.size(), 5U);
    ASSERT_EQ(loaded_.settings->servers.size(), 5U);
    ASSERT_EQ(loaded_.settings->routes.size(), 10U);
  }
  [[nodiscard]] const Settings& settings() const { return *loaded_.settings; }
  const tests::GivenCredentials given_;

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
  EXPECT_TRUE(listeners[0].proxy_protocol);
  EXPECT_FALSE(listeners[0].odd_hosts);
  EXPECT_EQ(listeners[0].max_connections, 77U);
  EXPECT_EQ(listeners[1].kind, ListenerKind::redirect);
  EXPECT_EQ(listeners[1].redirect_port, 8443);
  EXPECT_EQ(fs::path(listeners[1].acme_webroot), kConfig / "files");
  EXPECT_EQ(listeners[2].kind, ListenerKind::plain);
  EXPECT_EQ(listeners[2].name, "127.0.0.1:8080");
  EXPECT_EQ(listeners[4].kind, ListenerKind::admin);
  EXPECT_EQ(listeners[4].address.text(), "[::1]:9443");
}

TEST_F(FullFixture, CallersCertificatesAreAsWritten) {
  const Listener& listener = settings().listeners[0];
  ASSERT_EQ(listener.callers.ca.size(), 1U);
  EXPECT_EQ(fs::path(listener.callers.ca[0]), kConfig / "files" / "edge.crt");
  EXPECT_EQ(fs::path(listener.callers.crl), kConfig / "files" / "edge.crt");
  EXPECT_TRUE(listener.callers.required);
  EXPECT_EQ(listener.callers.depth, 1U);
  EXPECT_EQ(settings().listeners[3].require, kCertificate | kApiKey);
}

TEST_F(FullFixture, ServerNamesHaveRulesOfTheirOwn) {
  const Listener& listener = settings().listeners[0];
  ASSERT_EQ(listener.names.size(), 3U);
  EXPECT_EQ(listener.names[0].first, "open.example.cz");
  EXPECT_TRUE(listener.names[0].second.ca.empty()) << "off: nobody is asked";
  EXPECT_FALSE(listener.names[0].second.required);
  const auto& [tills, rules] = listener.names[1];
  EXPECT_EQ(tills, "*.tills.example.cz");
  ASSERT_EQ(rules.ca.size(), 1U);
  EXPECT_TRUE(rules.crl.empty()) << "the listener's list is of other CAs";
  EXPECT_FALSE(rules.required);
  EXPECT_EQ(rules.depth, 0U);
  EXPECT_EQ(listener.names[2].first, "plain.example.cz");
  EXPECT_EQ(listener.names[2].second, listener.callers) << "what is not said is the listener's";
}

TEST_F(FullFixture, ClientsAreAsWritten) {
  const auto& clients = settings().clients;
  ASSERT_EQ(clients.size(), 4U);
  const Client& shop = clients[0];
  EXPECT_EQ(shop.name, "shop");
  ASSERT_TRUE(shop.certificate);
  EXPECT_EQ(shop.certificate->sans, (std::vector<std::string>{"till.branch", "urn:x:Y", "A@b.cz"}))
      << "host names in small letters";
  EXPECT_EQ(shop.certificate->subject, "CN=till,O=Branch");
  EXPECT_FALSE(shop.certificate->sha256);
  ASSERT_EQ(shop.api_keys.size(), 2U);
  EXPECT_EQ(shop.api_keys[0][0], 0xaa);
  EXPECT_EQ(shop.api_keys[0][31], 1);
  EXPECT_EQ(shop.api_keys[1][31], 2);
  EXPECT_EQ(shop.user, "eshop");
  EXPECT_EQ(shop.from, (std::vector<Cidr>{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("::1")}));
  EXPECT_TRUE(shop.all);
  EXPECT_EQ(shop.turn_class, TurnClass::bulk);
  EXPECT_EQ(shop.operations, std::vector<std::string>{"order"});
  EXPECT_EQ(shop.limits.requests, (Rate{60, 1min, 7}));
  EXPECT_EQ(shop.limits.bytes_in, (Rate{1U << 20U, 1s, 0}));
  EXPECT_EQ(shop.limits.bytes_out, (Rate{std::uint64_t{2} << 30U, 1h, 0}));
  EXPECT_EQ(shop.limits.concurrent, 2U);
  EXPECT_EQ(shop.limits.connections, 9U);
  EXPECT_EQ(shop.valid_from, 1'772'236'800);
  EXPECT_EQ(shop.valid_until, 1'772'323'200);
  EXPECT_TRUE(shop.disabled);
  ASSERT_EQ(shop.credentials.size(), 1U);
  EXPECT_EQ(shop.credentials[0].first, 0U);
  EXPECT_EQ(fs::path(shop.credentials[0].second), given_.path() / "pohoda.cred");
  EXPECT_EQ(shop.ways(), kCertificate | kApiKey | kPassword);

  ASSERT_TRUE(clients[1].certificate && clients[1].certificate->sha256);
  EXPECT_EQ((*clients[1].certificate->sha256)[0], 1);
  EXPECT_EQ((*clients[1].certificate->sha256)[31], 32);
  EXPECT_FALSE(clients[1].all || clients[1].disabled || clients[1].turn_class || clients[1].limits.any());
  EXPECT_EQ(clients[2].ways(), kAddress);
  EXPECT_EQ(clients[3].name, "kasa") << "of clients_dir";
  EXPECT_EQ(clients[3].ways(), kApiKey);
  ASSERT_EQ(settings().users.size(), 1U);
  EXPECT_EQ(fs::path(settings().users[0]), kConfig / "files" / "edge.crt");
}

TEST_F(FullFixture, WhatRoutesAndAddressesAllowIsAsWritten) {
  const auto& routes = settings().routes;
  EXPECT_FALSE(routes[8].anonymous || routes[8].any_client);
  EXPECT_EQ(routes[8].clients, (std::vector<std::size_t>{0, 1})) << "sorted";
  EXPECT_EQ(routes[8].require, kPassword);
  EXPECT_EQ(routes[8].limits.requests, (Rate{5, 1s, 0}));
  EXPECT_EQ(routes[8].limits.bytes_out, (Rate{std::uint64_t{1} << 30U, 1h, 0}));
  EXPECT_EQ(routes[8].limits.concurrent, 3U);
  EXPECT_TRUE(routes[9].any_client);
  EXPECT_TRUE(routes[0].anonymous);
  EXPECT_EQ(routes[0].require, kNoProof);
  const RateLimits& each = settings().address_limits;
  EXPECT_EQ(each.requests, (Rate{10, 1s, 3}));
  EXPECT_EQ(each.bytes_in, (Rate{1024, 1min, 0}));
  EXPECT_EQ(each.bytes_out, (Rate{2048, 1min, 0}));
  EXPECT_EQ(each.concurrent, 4U);
  EXPECT_EQ(each.handshakes, (Rate{30, 1min, 0}));
  EXPECT_EQ(each.connections, 6U);
  const Lockout& lockout = settings().lockout;
  EXPECT_TRUE(lockout.enabled);
  EXPECT_EQ(lockout.failures, 3U);
  EXPECT_EQ(lockout.address_failures, 9U);
  EXPECT_EQ(lockout.within, 1min);
  EXPECT_EQ(lockout.ban, 2min);
  EXPECT_EQ(lockout.longest, 1h);
  EXPECT_EQ(settings().client_table.entries, 128U);
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
  EXPECT_EQ(t.whole_reply, 2h);
  EXPECT_EQ(t.idle, 24h);
  EXPECT_EQ(t.tunnel, 3h);
  EXPECT_EQ(servers[0].keep_idle, 0U);
  EXPECT_EQ(servers[0].resolve_every, 7min);
  std::string aliases;
  for (const auto& alias : servers[0].aliases) aliases += alias.host + ' ' + std::to_string(alias.port) + ", ";
  EXPECT_EQ(aliases, "pohoda 0, pohoda.lan 8080, fd00::5 443, ucto.lan 80, ::1 80, ");
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

TEST_F(FullFixture, WhatIsSpooledIsAsWritten) {
  const auto& [servers, routes] = std::tie(settings().servers, settings().routes);
  EXPECT_EQ(servers[0].reply_limit, std::uint64_t{1} << 30U);
  EXPECT_EQ(servers[0].spool, SpoolChoice::reply);
  EXPECT_EQ(servers[1].reply_limit, std::uint64_t{2} << 30U);
  EXPECT_EQ(servers[1].spool, SpoolChoice::by_profile);
  EXPECT_EQ(servers[3].reply_limit, 0U);
  EXPECT_EQ(servers[3].spool, SpoolChoice::off);
  EXPECT_EQ(servers[4].spool, SpoolChoice::request);
  EXPECT_EQ(routes[0].spool, SpoolChoice::by_profile);
  EXPECT_EQ(routes[4].spool, SpoolChoice::request);
  EXPECT_EQ(routes[6].spool, SpoolChoice::off);
  EXPECT_EQ(settings().spool.memory_total, 2U * 1024 * 1024);
  EXPECT_EQ(settings().spool.total, std::uint64_t{4} << 30U);
}

TEST_F(FullFixture, TurnsAreAsWritten) {
  const auto& servers = settings().servers;
  EXPECT_EQ(servers[4].queue.depth, 9U);
  EXPECT_EQ(servers[4].queue.depth_per_client, 3U);
  EXPECT_EQ(servers[4].queue.wait, 2s);
  EXPECT_EQ(servers[4].hold, 5min);
  EXPECT_EQ(servers[3].concurrency, 5U);
  EXPECT_EQ(servers[3].concurrency_total, 7U);
  EXPECT_EQ(servers[3].units,
            (std::vector<std::string>{"0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"}));
  EXPECT_EQ(settings().routes[4].turn_class, TurnClass::bulk);
}

TEST_F(FullFixture, HealthAndHoursAreAsWritten) {
  const auto& servers = settings().servers;
  const Health& health = servers[0].health;
  EXPECT_TRUE(health.enabled);
  EXPECT_TRUE(health.active);
  EXPECT_EQ(health.interval, 5s);
  EXPECT_EQ(health.timeout, 1s);
  EXPECT_EQ(health.fall, 5U);
  EXPECT_EQ(health.rise, 4U);
  EXPECT_EQ(health.company, "Novák, s.r.o.");
  EXPECT_EQ(health.database, "StwPh_1");
  EXPECT_EQ(health.year, "2026");
  EXPECT_TRUE(servers[1].health.enabled);
  EXPECT_FALSE(servers[1].health.active);
  EXPECT_EQ(servers[2].health.path, "/e1cib/?x=%C3%BA");
  EXPECT_TRUE(servers[2].health.active);
  EXPECT_FALSE(servers[3].health.enabled);

  ASSERT_EQ(servers[0].hours.size(), 3U);
  EXPECT_EQ(servers[0].hours[0].days, 0b0011111);
  EXPECT_EQ(servers[0].hours[0].from, 5 * 60);
  EXPECT_EQ(servers[0].hours[0].to, 23 * 60 + 30);
  EXPECT_EQ(servers[0].hours[1].days, 0b1100000);
  EXPECT_EQ(servers[0].hours[1].to, 24 * 60);
  EXPECT_EQ(servers[0].hours[2].days, 0b1110101);
  EXPECT_EQ(servers[0].hours[2].to, 6 * 60);
  EXPECT_TRUE(servers[1].hours.empty());
}

TEST_F(FullFixture, OperationsAndUnitsAreAsWritten) {
  const auto& [servers, routes] = std::tie(settings().servers, settings().routes);
  using Units = std::vector<std::pair<std::string, std::size_t>>;
  EXPECT_EQ(servers[3].commands.out, (std::vector<std::string>{"PRODEJ_*", "VYPIS"}));
  EXPECT_EQ(servers[3].commands.in, std::vector<std::string>{"ZAPIS"});
  EXPECT_TRUE(servers[3].length_in_characters);
  EXPECT_FALSE(servers[0].length_in_characters);
  EXPECT_EQ(routes[4].operations, (std::vector<std::string>{"listStock*", "order", "read"}));
  EXPECT_EQ(routes[4].units, (Units{{"01234567", 4}, {"25596641", 0}})) << "zeros in front belong to an IČO";
  EXPECT_EQ(routes[4].language, Language::cs);
  EXPECT_EQ(routes[5].operations, std::vector<std::string>{"select"});
  EXPECT_EQ(routes[5].units, (Units{{"3ce17312-8dbd-49a0-94d3-2e01b65e4173", 3}}));
  EXPECT_EQ(routes[5].language, Language::sk);
  EXPECT_EQ(routes[0].language, Language::en);
}

TEST_F(FullFixture, CredentialsAreFiles) {
  const auto& [servers, routes] = std::tie(settings().servers, settings().routes);
  EXPECT_EQ(fs::path(servers[0].credentials), given_.path() / "pohoda.cred");
  EXPECT_EQ(routes[4].credentials, servers[0].credentials);
  EXPECT_TRUE(servers[1].credentials.empty());
  EXPECT_TRUE(routes[5].require_credentials);
  EXPECT_FALSE(routes[4].require_credentials);
}

TEST_F(FullFixture, WhatPassesAndIsCompressedIsAsWritten) {
  const auto& routes = settings().routes;
  EXPECT_TRUE(routes[6].websocket);
  EXPECT_TRUE(routes[6].decompress_requests);
  EXPECT_TRUE(routes[6].compress.enabled);
  EXPECT_EQ(routes[6].compress.level, 9);
  EXPECT_EQ(routes[6].compress.min, 0U);
  EXPECT_EQ(routes[6].compress.types, (std::vector<std::string>{"text/xml", "application/problem+json"}));
  EXPECT_TRUE(routes[7].compress.enabled);
  EXPECT_EQ(routes[7].compress.level, 5);
  EXPECT_FALSE(routes[0].compress.enabled);
  EXPECT_FALSE(routes[0].websocket);
  EXPECT_FALSE(routes[0].decompress_requests);
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
  EXPECT_EQ(routes[0].client_cert, ClientCert::chain);
  EXPECT_EQ(routes[1].client_cert, ClientCert::off);

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
  ASSERT_EQ(rules.size(), 6U);
  EXPECT_EQ(rules[0].action, HeaderAction::pass);
  EXPECT_EQ(rules[0].name, "X-Client-Version");
  EXPECT_EQ(rules[1].action, HeaderAction::remove);
  EXPECT_EQ(rules[1].name, "x-two");
  EXPECT_EQ(rules[2].name, "User-Agent");
  EXPECT_EQ(rules[3].action, HeaderAction::set);
  EXPECT_EQ(literal_of(rules[3].value), "1");
  EXPECT_EQ(rules[4].name, "X-Empty-Not");
  ASSERT_EQ(rules[4].value.size(), 1U);
  EXPECT_EQ(rules[4].value[0].kind, Variable::request_id);
  EXPECT_EQ(rules[5].action, HeaderAction::add);
  ASSERT_EQ(rules[5].value.size(), 4U);
  EXPECT_EQ(rules[5].value[0].literal, "a ");
  EXPECT_EQ(rules[5].value[1].kind, Variable::client_ip);
  EXPECT_EQ(rules[5].value[2].literal, "${x} $1 ");
  EXPECT_EQ(rules[5].value[3].kind, Variable::tls_sni);
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
  EXPECT_EQ(s.limits.handshakes, 64U);
  EXPECT_EQ(s.timeouts.handshake, 1s);
  EXPECT_EQ(s.timeouts.head, 2s);
  EXPECT_EQ(s.timeouts.idle, 3s);
  EXPECT_EQ(s.timeouts.drain, 4s);
  EXPECT_EQ(s.timeouts.linger, 5s);
  EXPECT_EQ(s.body_rate.bytes_per_second, 1024U);
  EXPECT_EQ(s.body_rate.over, 1min);
  EXPECT_EQ(fs::path(s.spool.directory), kConfig / "files");
  EXPECT_EQ(s.spool.memory, 1024U * 1024);
  ASSERT_TRUE(s.admin.address);
  EXPECT_EQ(s.admin.address->text(), "[::1]:9443");
  EXPECT_EQ(s.admin.names, std::vector<std::string>{"edge.lan"});
  EXPECT_EQ(fs::path(s.log.access), kConfig / "files" / "access.log");
  EXPECT_EQ(s.log.format, LogFormat::text);
  EXPECT_EQ(s.log.level, LogLevel::warning);
  EXPECT_EQ(s.log.mask_query, (std::vector<std::string>{"pin", "vin"}));
}

} // namespace
