// One route, whatever reading a server gives the path; else none.
#include "route/choose.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::route {
namespace {

class Choose : public testing::Test {
protected:
  settings::Route& publish(const std::string& name, const std::string& host, const std::string& path, std::size_t server = 0) {
    settings_.servers.resize(std::max(settings_.servers.size(), server + 1));
    auto& route = settings_.routes.emplace_back();
    route.name = name;
    route.host = host;
    route.path = path;
    route.server = server;
    route.anonymous = true;
    return route;
  }
  settings::Route& lock(const std::string& name, const std::string& host, const std::string& path, std::size_t server = 0) {
    auto& route = publish(name, host, path, server);
    route.anonymous = false;
    route.any_client = true;
    return route;
  }
  // The name of the route, "none", or "refused".
  std::string at(const std::string& path, const std::string& host = "a", std::size_t listener = 0) {
    http::RequestHead head;
    head.target = path;
    head.host = host;
    head.has_host = true;
    http::Target target;
    const auto read = http::read_target(head, true, 443, target);
    if (!read) return "unread";
    const Prefixes prefixes = make_prefixes(settings_);
    const auto route = choose(settings_, prefixes, listener, target.host, target);
    if (!route) return "refused";
    return *route == nullptr ? "none" : (*route)->name;
  }
  settings::Settings settings_;
};

const std::vector<std::string> kSpellings = {
    "//admin",       "/ADMIN",        "/admin.",      "/admin%20",   "/admin;x",      "/admin::$DATA",   "/admin~1",
    "/admin%2e",     "/%2561dmin",    "/ad(S(x))min", "/admin%2Fx",  "/admin%5Cx",    "/Admin/x",        "/%EF%BD%81dmin",
    "/(S(x))/admin", "/ad/(S(x))min", "/admin%3Fx",   "/adm%C3%ADn", "/;a%2Fb/admin", "/:a%5Cb/admin/x", "/;a%252Fb/admin"};

TEST_F(Choose, ALockIsNotPassedByAnotherSpelling) {
  publish("open", "", "/");
  lock("locked", "", "/admin");
  EXPECT_EQ(at("/admin"), "locked");
  EXPECT_EQ(at("/adm%69n/x"), "locked") << "decoded once it is spelled out";
  EXPECT_EQ(at("/admin/;x"), "locked");
  EXPECT_EQ(at("/admin/A%2F1"), "locked");
  EXPECT_EQ(at("/other"), "open");
  for (const auto& path : kSpellings) {
    const std::string got = at(path);
    EXPECT_TRUE(got == "refused" || got == "unread") << path << ": " << got;
  }
}

TEST_F(Choose, NorAnOpenPlaceEnteredForALockedOne) {
  lock("locked", "", "/");
  publish("open", "", "/public");
  EXPECT_EQ(at("/public/x"), "open");
  EXPECT_EQ(at("/x%2Fy"), "locked");
  for (const char* path : {"/PUBLIC", "/public%2Fx", "/public;x", "//public", "/public/(S(x))y", "/public/%2528S(x))y"})
    EXPECT_EQ(at(path), "refused") << path;
  EXPECT_EQ(at("/public/(S(x))/y"), "open");
}

TEST_F(Choose, WhereAllReadingsLeadToTheSameRulesNothingIsRefused) {
  publish("open", "", "/");
  publish("same", "", "/admin").language = settings::Language::cs;
  for (const auto& path : kSpellings) {
    const std::string got = at(path);
    EXPECT_TRUE(got == "open" || got == "same") << path << ": " << got;
  }
  EXPECT_EQ(at("/admin%2Fx"), "same");
}

TEST_F(Choose, WhatMakesADifferenceIsARule) {
  const std::vector<void (*)(settings::Route&)> differences = {
      [](settings::Route& r) { r.server = 1; },
      [](settings::Route& r) { r.any_client = true; },
      [](settings::Route& r) { r.clients = {3}; },
      [](settings::Route& r) { r.require = settings::kCertificate; },
      [](settings::Route& r) { r.operations = {"read"}; },
      [](settings::Route& r) { r.limits.concurrent = 1; },
      [](settings::Route& r) { r.credentials = "file"; },
      [](settings::Route& r) { r.require_credentials = true; },
      [](settings::Route& r) {
        r.units = {{"12345678", 0}};
      },
      [](settings::Route& r) { r.websocket = true; },
      [](settings::Route& r) { r.body_limit = 5; },
      [](settings::Route& r) { r.strip_prefix = true; },
      [](settings::Route& r) { r.rewrite_prefix = "/x"; },
      [](settings::Route& r) { r.upstream_host = settings::UpstreamHost::client; },
      [](settings::Route& r) { r.turn_class = settings::TurnClass::high; },
      [](settings::Route& r) {
        r.request_headers = {{settings::HeaderAction::set, "X-A", {}}};
      },
      [](settings::Route& r) {
        r.reply_headers = {{settings::HeaderAction::set, "X-A", {}}};
      },
  };
  publish("open", "", "/", 1).server = 0;
  publish("other", "", "/admin");
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const settings::Route kept = settings_.routes[1];
    differences[i](settings_.routes[1]);
    EXPECT_EQ(at("/ADMIN"), "refused") << i;
    EXPECT_EQ(at("/admin"), "other") << i;
    EXPECT_EQ(at("/x"), "open") << i;
    settings_.routes[1] = kept;
  }
  EXPECT_EQ(at("/ADMIN"), "open");
}

TEST_F(Choose, OnlyRoutesOfTheSameHostAndListenerCount) {
  settings_.listeners.resize(2);
  publish("open", "a", "/");
  lock("elsewhere", "b", "/admin");
  EXPECT_EQ(at("/ADMIN"), "open");
  lock("any", "", "/admin");
  EXPECT_EQ(at("/ADMIN"), "open") << "a route of the host itself stands before one of any";
  lock("second", "a", "/admin").listeners = {1};
  EXPECT_EQ(at("/ADMIN"), "open");
  EXPECT_EQ(at("/ADMIN", "a", 1), "refused");
  EXPECT_EQ(at("/admin", "a", 1), "second");
  publish("wild", "*.c", "/");
  lock("wild-locked", "*.c", "/admin");
  EXPECT_EQ(at("/ADMIN", "x.c"), "refused");
}

TEST_F(Choose, EncodedSlashesInARowAreOneMoreReading) {
  publish("open", "", "/");
  lock("locked", "", "/admin");
  for (const char* path : {"/odata/X(Url='http%3A%2F%2Fa.b%2Fc')", "/X(Code='A%2F%2FB')", "/X('%5C%5Csrv%5Cshare')",
                           "/documents/Faktury%2F%2F2024", "/a%2F%2Fb%2F%2Fadmin2"})
    EXPECT_EQ(at(path), "open") << path;
  EXPECT_EQ(at("/admin/A%2F%2FB"), "locked");
  for (const char* path :
       {"/a%2F%2Fadmin", "/a%5C%5Cadmin/x", "/a%2F%5CADMIN", "/a%252F%252Fadmin", "/a%5C%2Fadm%69n", "/x%2F%2F%2Fadmin",
        "/admin%2F%2Fx", "/a%2F%2Fb%2F%2Fadmin", "/a%2F%2F%2561dmin", "/a%2F%2F(S(x))admin", "/a%2F%2Fadmin~1"})
    EXPECT_EQ(at(path), "refused") << path;
  for (const char* path : {"/%2F%2Fadmin", "/x/..%2F%2Fadmin", "/x%2F%2F..%2Fadmin", "/x/%5C%5Cadmin"})
    EXPECT_EQ(at(path), "unread") << path;
  std::string many = "/x";
  for (int i = 0; i < 40; ++i) many += "%2F%2Fx";
  EXPECT_EQ(at(many), "refused") << "more than are looked at";
}

TEST_F(Choose, EncodedSlashesInARowBelowAPrefix) {
  publish("app", "", "/app");
  EXPECT_EQ(at("/app/X(Url='http%3A%2F%2Fa.b%2Fc')"), "app");
  EXPECT_EQ(at("/app%2F%2Fx"), "refused");
  lock("root", "", "/");
  EXPECT_EQ(at("/app/X('%5C%5Csrv%5Cshare')"), "app");
  EXPECT_EQ(at("/x%2F%2Fapp"), "refused");
}

TEST_F(Choose, APathMustNotLeaveWhatIsPublished) {
  publish("app", "", "/app");
  EXPECT_EQ(at("/app/a%2Fb"), "app");
  EXPECT_EQ(at("/app/X(Code='A%2F1')"), "app");
  EXPECT_EQ(at("/%61pp/x"), "app");
  EXPECT_EQ(at("/app%2Fx"), "refused");
  EXPECT_EQ(at("/app/(S(x))y"), "refused");
  EXPECT_EQ(at("/app/(S(x))/y"), "app");
  for (const char* path : {"/APP", "//app", "/app;x", "/app%5Cx", "/%2561pp"}) EXPECT_EQ(at(path), "none") << path;
}

TEST_F(Choose, TheSameOfARouteWhosePrefixIsTakenOff) {
  publish("app", "", "/app").strip_prefix = true;
  publish("other", "", "/");
  EXPECT_EQ(at("/app/a%2Fb"), "app");
  EXPECT_EQ(at("/app%2Fb"), "refused");
  EXPECT_EQ(at("/App/b"), "refused");
}

TEST_F(Choose, WhatStandsInPlaceOfAPrefixIsNotJoinedWithANameBehindIt) {
  publish("root", "", "/").rewrite_prefix = "/srv/base";
  EXPECT_EQ(at("/(S(x))/y"), "root");
  EXPECT_EQ(at("/a%2Fb"), "root");
  EXPECT_EQ(at("/%28a)/b"), "root");
  for (const char* path : {"/(S(x))y", "/%28S(x))y", "/%2528S(x))y", "//(S(x))y"}) EXPECT_EQ(at(path), "refused") << path;
}

TEST_F(Choose, BeforeAnMserverPathsAreReadLoosely) {
  publish("shop", "", "/");
  lock("pohoda", "", "/xml", 1);
  settings_.servers[1].profile = settings::Profile::mserver;
  for (const char* path : {"/xml", "/XML", "//xml", "/xml/", "//Xml//", "/x%6Dl"}) EXPECT_EQ(at(path), "pohoda") << path;
  for (const char* path : {"/xml.", "/xml%20", "/xml;x", "/xml%2F", "/%EF%BD%98ml"}) EXPECT_EQ(at(path), "refused") << path;
  EXPECT_EQ(at("/xmlx"), "shop");
}

TEST_F(Choose, LettersOfTwoCodePagesAreOnePlace) {
  publish("open", "", "/");
  lock("locked", "", "/\xC3\xBA\xC4\x8Dty");
  EXPECT_EQ(at("/%C3%BA%C4%8Dty/x"), "locked");
  EXPECT_EQ(at("/\xC3\xBA\xC4\x8Dty/x"), "locked");
  for (const char* path : {"/%FA%E8ty", "/%DA%C8TY", "/%C3%9A%C4%8CTY", "/\xDA\xC8TY"}) EXPECT_EQ(at(path), "refused") << path;
  EXPECT_EQ(at("/ucty"), "open");
  EXPECT_EQ(at("/%C3%A1%C4%8D"), "open");
}

TEST_F(Choose, ALongerPrefixOfOtherLettersMayBeAShorterOne) {
  publish("open", "", "/\xC5\xAF\xC5\xAF\xC5\xAF\xC5\xAF");
  lock("locked", "", "/uuuu/x");
  EXPECT_EQ(at("/%C5%AF%C5%AF%C5%AF%C5%AF/y"), "open");
  EXPECT_EQ(at("/%C5%AF%C5%AF%C5%AF%C5%AF/x"), "refused");
}

TEST_F(Choose, RoutesThatSomeServersCannotTellApartAreToldAndRefused) {
  publish("small", "", "/admin");
  lock("large", "", "/Admin");
  lock("third", "", "/Administration");
  const Prefixes prefixes = make_prefixes(settings_);
  const auto told = indistinct(settings_, prefixes);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("`small` and `large`"), std::string::npos) << told[0];
  EXPECT_EQ(at("/admin"), "refused");
  EXPECT_EQ(at("/Admin/x"), "refused");
  EXPECT_EQ(at("/Administration"), "third");
  settings_.routes[1].anonymous = true;
  settings_.routes[1].any_client = false;
  EXPECT_TRUE(indistinct(settings_, make_prefixes(settings_)).empty());
  EXPECT_EQ(at("/admin"), "small");
  EXPECT_EQ(at("/Admin/x"), "large");
}

TEST_F(Choose, APathThatNobodyMayAskForIsToldOf) {
  for (const char* path : {"/x/..;/y", "/...", "/x/.. ", "/\u2026"}) {
    settings_.routes.clear();
    publish("never", "", path);
    const auto told = unreachable(settings_);
    ASSERT_EQ(told.size(), 1U) << path;
    EXPECT_NE(told[0].find("route `never`"), std::string::npos) << told[0];
    EXPECT_EQ(at(path), "unread") << path;
  }
  settings_.routes.clear();
  for (const char* path : {"/", "/x", "/x;y", "/a b", "/\xC3\xBA\xC4\x8Dty", "/a..", "/.well-known"}) publish("open", "", path);
  EXPECT_TRUE(unreachable(settings_).empty());
}

TEST_F(Choose, OptionsOfTheWholeServerIsRefusedWhereARouteGivesAPartOfIt) {
  const auto options = [&] {
    http::Target target;
    target.path = "*";
    target.decoded = "*";
    target.plain = true;
    const auto route = choose(settings_, make_prefixes(settings_), 0, "a", target);
    return !route ? "refused" : *route == nullptr ? "none" : (*route)->name;
  };
  publish("open", "", "/");
  publish("same", "", "/admin");
  EXPECT_EQ(options(), "open");
  settings_.routes[0].rewrite_prefix = "/app";
  EXPECT_EQ(options(), "refused");
  settings_.routes[0].rewrite_prefix.clear();
  settings_.routes[1].anonymous = false;
  settings_.routes[1].any_client = true;
  EXPECT_EQ(options(), "refused") << "of other rules";
  settings_.routes.erase(settings_.routes.begin());
  EXPECT_EQ(options(), "none");
}

} // namespace
} // namespace ledgergate::route
