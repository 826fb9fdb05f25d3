// The server's own address in the fields of a reply: in whatever spelling a reader would follow it, the caller sees the public one.
#include "world.h"

#include <gtest/gtest.h>

#include <vector>

namespace ledgergate::route {
namespace {

std::string field(World& w, std::string_view name, std::string_view value) {
  w.reply.fields = {{name, value}};
  return values_of(w.answer(), name);
}

std::string field(std::string_view name, std::string_view value) {
  World w;
  return field(w, name, value);
}

// A server that is known by its name.
struct Named : World {
  std::vector<IpAddress> addresses{*IpAddress::parse("192.168.0.7"), *IpAddress::parse("fd00::7")};
  Named() {
    server.host = "pohoda.lan";
    server.authority = "pohoda.lan:444";
    server.aliases = {{"c0508p", 0}, {"old.lan", 8080}};
    facts.server_addresses = &addresses;
  }
};

class OfTheServer : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Location, OfTheServer,
                         testing::Values("http://192.168.0.10:444/a", "http:/192.168.0.10:444/a", "http:192.168.0.10:444/a",
                                         "http:///192.168.0.10:444/a", "http:\\\\192.168.0.10:444\\a", "http:\\192.168.0.10:444/a",
                                         "http:/\\192.168.0.10:444/a", "\\\\192.168.0.10:444\\a", "/\\192.168.0.10:444/a",
                                         "\\/192.168.0.10:444/a", "///192.168.0.10:444/a", "/\t/192.168.0.10:444/a",
                                         "ht\ttp://192.168.0.10:444/a", "http://192.168\t.0.10:444/a",
                                         "http://user:pw@192.168.0.10:444/a", "http://@192.168.0.10:444/a",
                                         "//user@192.168.0.10:444/a", "http://u@v@192.168.0.10:444/a", "HTTP://192.168.0.10:0444/a",
                                         "http://192.168.0.10.:444/a", "http://%3192.168.0.10:444/a", "http://0xC0A8000A:444/a",
                                         "http://192.168.10:444/a", "http://3232235530:444/a", "http://0300.0250.0.012:444/a",
                                         "http://[::ffff:192.168.0.10]:444/a", "http://[::FFFF:c0a8:a]:444/a",
                                         "http://[192.168.0.10]:444/a", "https://192.168.0.10:444/a"));

TEST_P(OfTheServer, BecomesThePublicOne) {
  EXPECT_EQ(field("Location", GetParam()), "https://ucto.example.cz/a") << GetParam();
  EXPECT_EQ(field("Content-Location", GetParam()), "https://ucto.example.cz/a") << GetParam();
}

class OfOthers : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Location, OfOthers,
                         testing::Values("http:/a/b", "http:a", "http://192.168.0.10:445/a", "http://192.168.0.10/a", "http://",
                                         "http://192.168.0.100:444/a", "http://192.168.0.10:444@evil.example/a",
                                         "http://evil.example\\@192.168.0.10:444/", "//evil.example/192.168.0.10:444",
                                         "http://[192.168.0.10:444/a", "http://[192.168.0.10]444/a", "ftp://192.168.0.10:444/a",
                                         "mailto:a@192.168.0.10", "x:http://192.168.0.10:444/a", "http://192.168.0.10:70000/a",
                                         "http://192.168.0.10:44 4/a", "http://192.168.0.10.evil.example:444/a",
                                         "http://evil192.168.0.10:444/", "a/b", "/a", "?a", "#a", "\\a"));

TEST_P(OfOthers, StaysAsItCame) { EXPECT_EQ(field("Location", GetParam()), GetParam()); }

TEST(ServerNames, AreKnownInEverySpelling) {
  for (const char* const authority :
       {"pohoda.lan:444", "POHODA.LAN:444", "pohoda.lan.:444", "poh%6Fda.lan:444", "192.168.0.7:444", "[fd00::7]:444",
        "[FD00:0:0::0007]:444", "[::ffff:192.168.0.7]:444", "c0508p:444", "C0508P.:444", "c0508p", "old.lan:8080"}) {
    Named w;
    EXPECT_EQ(field(w, "Location", "http://" + std::string(authority) + "/a"), "https://ucto.example.cz/a") << authority;
  }
  for (const char* const authority : {"pohoda.lan", "pohoda:444", "192.168.0.8:444", "[fd00::8]:444", "c0508p:445", "old.lan",
                                      "old.lan:444", "xpohoda.lan:444"}) {
    Named w;
    const std::string url = "http://" + std::string(authority) + "/a";
    EXPECT_EQ(field(w, "Location", url), url);
  }
}

TEST(ServerNames, AnAuthorityThatNamesNoPortIsOneThatNamesTheUsualOne) {
  Named w;
  w.server.port = 80;
  w.server.authority = "pohoda.lan";
  for (const char* const url : {"http://pohoda.lan/a", "http://pohoda.lan:80/a", "http://pohoda.lan:/a", "//pohoda.lan/a",
                                "https://pohoda.lan/a", "https://pohoda.lan:443/a", "http://192.168.0.7/a", "https://c0508p/a"})
    EXPECT_EQ(field(w, "Location", url), "https://ucto.example.cz/a") << url;
  for (const char* const url : {"http://pohoda.lan:8080/a", "https://pohoda.lan:8443/a", "http://pohoda.lan:443/a"})
    EXPECT_EQ(field(w, "Location", url), url);
  w.server.https = true;
  w.server.port = 443;
  for (const char* const url : {"https://pohoda.lan/a", "http://pohoda.lan/a", "//pohoda.lan/a", "http://pohoda.lan:80/a"})
    EXPECT_EQ(field(w, "Location", url), "https://ucto.example.cz/a") << url;
}

TEST(ServerNames, OfThisMachineAreOne) {
  World w;
  for (const char* const host : {"localhost", "127.0.0.1", "::1"}) {
    w.server.host = host;
    for (const char* const url :
         {"http://localhost:444/a", "http://127.0.0.1:444/a", "http://[::1]:444/a", "http://LOCALHOST.:444/a",
          "http://[0:0::1]:444/a", "http://x.localhost:444/a", "http://127.1:444/a"})
      EXPECT_EQ(field(w, "Location", url), "https://ucto.example.cz/a") << host << ' ' << url;
    EXPECT_EQ(field(w, "Location", "http://127.0.0.2:444/a"), "http://127.0.0.2:444/a");
  }
}

TEST(ServerNames, OfAWebSocketGetItsScheme) {
  EXPECT_EQ(field("Location", "ws://192.168.0.10:444/a"), "wss://ucto.example.cz/a");
  EXPECT_EQ(field("Location", "WSS://192.168.0.10:444/a?b"), "wss://ucto.example.cz/a?b");
  World w;
  w.facts.tls = false;
  EXPECT_EQ(field(w, "Location", "ws:/192.168.0.10:444/a"), "ws://ucto.example.cz/a");
  w.route.public_url = "https://pub.example:8443";
  EXPECT_EQ(field(w, "Location", "ws://192.168.0.10:444/a"), "wss://pub.example:8443/a");
}

TEST(ServerNames, LeadToThePublicPath) {
  World w;
  w.route.path = "/app";
  w.route.rewrite_prefix = "/srv";
  EXPECT_EQ(field(w, "Location", "http:\\\\192.168.0.10:444\\srv\\a?x=\\y"), "https://ucto.example.cz/app/a?x=\\y");
  EXPECT_EQ(field(w, "Location", "http:/192.168.0.10:444/s\trv/a"), "https://ucto.example.cz/app/a");
  EXPECT_EQ(field(w, "Location", "\\srv\\a"), "/app/a");
  EXPECT_EQ(field(w, "URI", "/srv/a"), "/app/a");
  EXPECT_EQ(field(w, "Refresh", "0;url=/srv/a"), "0;url=/app/a");
  EXPECT_EQ(field(w, "Link", "</srv/a>;rel=next"), "</app/a>;rel=next");
}

// https://url.spec.whatwg.org/#url-parsing: what begins with two slashes, of either kind, once tabs are taken out.
TEST(ServerNames, NoMappedPathBeginsWithAnAuthority) {
  World w;
  w.route.rewrite_prefix = "/srv";
  for (const char* const path : {"/srv/evil.example/", "/srv//evil.example/", "/srv/\\evil.example/", "/srv\\\\evil.example/",
                                 "/srv/\t/evil.example/", "/srv/\t\\\t/evil.example/", "/srv\t//evil.example/"}) {
    EXPECT_EQ(field(w, "Location", path), "/evil.example/") << path;
    EXPECT_EQ(field(w, "Refresh", "0;url=" + std::string(path)), "0;url=/evil.example/") << path;
    EXPECT_EQ(field(w, "Link", '<' + std::string(path) + '>'), "</evil.example/>") << path;
    EXPECT_EQ(field(w, "Set-Cookie", "a=b; Path=" + std::string(path)).find("//"), std::string::npos) << path;
  }
}

TEST(ServerNames, OfTheCallersHostAreNotTakenBackToHttp) {
  World w;
  w.facts.tls = false;
  w.route.upstream_host = settings::UpstreamHost::client;
  EXPECT_EQ(field(w, "Location", "https://ucto.example.cz/a"), "https://ucto.example.cz/a") << "a way to TLS, not round in circles";
  EXPECT_EQ(field(w, "Location", "http://ucto.example.cz:444/a"), "http://ucto.example.cz/a");
}

TEST(ReplyFields, RefreshIsMapped) {
  const std::string lan = "http://192.168.0.10:444/a", pub = "https://ucto.example.cz/a";
  for (const char* const before :
       {"0;url=", "0; URL=", "5,url=", "5 ; url = ", "1.5;Url=", "0;url='", "0;url=\"", "0;", "0; ", ";url=", "0 "}) {
    const std::string quote = std::string_view(before).ends_with('\'') ? "'" : std::string_view(before).ends_with('"') ? "\"" : "";
    EXPECT_EQ(field("Refresh", before + lan + quote), before + pub + quote) << before;
  }
  EXPECT_EQ(field("Refresh", "0;url=\"" + lan), "0;url=\"" + pub);
  EXPECT_EQ(field("Refresh", "0;url='" + lan + "' x"), "0;url='" + pub + "' x");
  EXPECT_EQ(field("Refresh", "0;url=http:\\\\192.168.0.10:444/a"), "0;url=" + pub);
  for (const char* const other : {"5", "5;", "5;url=", "0;url=https://www.example.com/", "0;url=a/b", "0;url=/a", "x"})
    EXPECT_EQ(field("Refresh", other), other);
}

TEST(ReplyFields, LinksAreMapped) {
  EXPECT_EQ(
      field("Link", "<http://192.168.0.10:444/a>; rel=next, </b>; rel=\"x, <http://192.168.0.10:444/>\" ,<//192.168.0.10:444/c>"),
      "<https://ucto.example.cz/a>; rel=next, </b>; rel=\"x, <http://192.168.0.10:444/>\" ,<https://ucto.example.cz/c>");
  EXPECT_EQ(field("Link", "< http:/192.168.0.10:444/a >; anchor=\"http://192.168.0.10:444/#x\"; title=\"\\\"\""),
            "< https://ucto.example.cz/a >; anchor=\"https://ucto.example.cz/#x\"; title=\"\\\"\"");
  EXPECT_EQ(field("Link", "<a>;ANCHOR = http://192.168.0.10:444/x;rel=up"), "<a>;ANCHOR = https://ucto.example.cz/x;rel=up");
  EXPECT_EQ(field("Link", "<http://192.168.0.10:444/a"), "<https://ucto.example.cz/a") << "not closed";
  EXPECT_EQ(field("link", "<ws://192.168.0.10:444/a>"), "<wss://ucto.example.cz/a>");
  for (const char* const other : {"", "<", "<>", "<http://x.example/a", "rel=next", "<https://x.example/>; rel=\"", "<a>, ,;"})
    EXPECT_EQ(field("Link", other), other);
}

TEST(ReplyFields, WhatElseHoldsOneUriIsMapped) {
  for (const char* const name :
       {"URI", "OData-EntityId", "DataServiceId", "SourceMap", "X-SourceMap", "X-Pingback", "Operation-Location", "Content-Base"})
    EXPECT_EQ(field(name, "http://192.168.0.10:444/odata/A('1')"), "https://ucto.example.cz/odata/A('1')") << name;
  EXPECT_EQ(field("URI", "<http://192.168.0.10:444/a>, <http://192.168.0.10:444/b>"),
            "<https://ucto.example.cz/a>, <https://ucto.example.cz/b>");
}

TEST(ReplyFields, StayWhereTheRouteDoesNotMap) {
  for (const char* const name : {"Location", "URI", "Link", "Refresh"}) {
    World w;
    w.route.map_location = false;
    EXPECT_EQ(field(w, name, "<http://192.168.0.10:444/a>"), "<http://192.168.0.10:444/a>");
  }
}

TEST(ReplyFields, ADomainThatIsTheServersIsDropped) {
  const std::string cookie = "s=1; Domain=";
  for (const char* const domain : {"192.168.0.10", "192.168.0.10.", " 192.168.0.10 ", "[::ffff:192.168.0.10]"})
    EXPECT_EQ(field("Set-Cookie", cookie + domain + "; Path=/"), "s=1; Path=/") << domain;
  for (const char* const domain : {"pohoda.lan", ".pohoda.lan", "POHODA.lan", "lan", ".lan", "192.168.0.7", "c0508p", "old.lan"}) {
    Named w;
    EXPECT_EQ(field(w, "Set-Cookie", cookie + domain), "s=1") << domain;
  }
  for (const char* const domain : {"ucto.example.cz", ".example.cz", "example.cz", "www.example.com", "hoda.lan", ""}) {
    Named w;
    EXPECT_EQ(field(w, "Set-Cookie", cookie + domain + ";Secure"), cookie + domain + ";Secure") << domain;
  }
  EXPECT_EQ(field("Set-Cookie", "s=1;domain =192.168.0.10;DOMAIN=192.168.0.10;HttpOnly"), "s=1;HttpOnly");
  EXPECT_EQ(field("Set-Cookie", "s=1; Domain=x.example; Domain=192.168.0.10"), "s=1") << "the last one counts, the first must not";
  EXPECT_EQ(field("Set-Cookie", "Domain=192.168.0.10; Path=/"), "Domain=192.168.0.10; Path=/") << "a cookie of that name";
}

TEST(ReplyFields, ADomainOfServerAndPublicNameAlikeStays) {
  World w;
  w.server.host = "srv.example.cz";
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Domain=example.cz"), "s=1; Domain=example.cz");
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Domain=srv.example.cz"), "s=1");
  w.route.public_url = "https://pub.example";
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Domain=example.cz"), "s=1");
}

TEST(ReplyFields, DomainAndPathAreMappedTogether) {
  World w;
  w.route.path = "/app";
  w.route.strip_prefix = true;
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Path=/; Domain=192.168.0.10; Secure"), "s=1; Path=/app/; Secure");
}

TEST(ReplyFields, ACookieThatPromisesTheRootKeepsIt) {
  for (const bool strip : {true, false}) {
    World w;
    w.route.path = "/app";
    w.route.strip_prefix = strip;
    if (!strip) w.route.rewrite_prefix = "/in";
    for (const char* const cookie : {"__Host-s=1; Secure; Path=/", "__host-s=1;path = / ", "__HOST-HTTP-s=1; Path=/; Secure",
                                     "__Host-=1; Path=\"/\"", " __Host-s=1; Path=/", "__hOST-Http-a=; Path=/"})
      EXPECT_EQ(field(w, "Set-Cookie", cookie), cookie) << cookie;
    EXPECT_EQ(field(w, "Set-Cookie", "__Host-s=1; Path=/; Domain=192.168.0.10"), "__Host-s=1; Path=/");
    const std::string path = strip ? "/" : "/in";
    const std::string seen = strip ? "/app/" : "/app";
    for (const char* const name : {"__Secure-s=1", "__Http-s=1", "x__Host-s=1", "s=__Host-", "__Host=1"})
      EXPECT_EQ(field(w, "Set-Cookie", std::string(name) + "; Path=" + path), std::string(name) + "; Path=" + seen) << name;
  }
}

TEST(ReplyFields, QuotedAttributesAreMappedToo) {
  World w;
  w.route.path = "/app";
  w.route.rewrite_prefix = "/in";
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Path=\"/in\"; Domain=\"192.168.0.10\"; Secure"), "s=1; Path=\"/app\"; Secure");
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Path=\"/in/x\""), "s=1; Path=\"/app/x\"");
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Domain=\" .192.168.0.10 \"; Domain=x"), "s=1; Domain=x");
  EXPECT_EQ(field(w, "Set-Cookie", "s=1; Path=\""), "s=1; Path=\"");
}

TEST(ReplyFields, OfACookieOfNothingNothingIsLeft) {
  EXPECT_EQ(field("Set-Cookie", "; Domain=192.168.0.10"), "");
  World w;
  w.reply.fields = {{"Set-Cookie", "; Domain=192.168.0.10"}, {"Set-Cookie", "a=b"}};
  const auto head = w.answer();
  EXPECT_EQ(head.find("Set-Cookie"), head.rfind("Set-Cookie")) << head;
  EXPECT_NE(head.find("Set-Cookie: a=b"), std::string::npos);
}

// RFC 7838: a way past the edge, also where it names a port alone.
TEST(ReplyFields, AlternativesToTheEdgeAreDropped) {
  World w;
  for (const char* const value : {"h3=\":443\"; ma=3600", "h2=\"192.168.0.10:444\"", "clear"})
    for (const char* const name : {"Alt-Svc", "alt-svc", "Alt_Svc"}) EXPECT_EQ(field(w, name, value), "") << value;
  w.route.map_location = false;
  EXPECT_EQ(field(w, "Alt-Svc", "h3=\":443\""), "");
  w.route.reply_headers = {rule(settings::HeaderAction::set, "Alt-Svc", {literal("h3=\":8443\"")})};
  EXPECT_EQ(field(w, "Alt-Svc", "h3=\":443\""), "h3=\":8443\"") << "the route's own";
}

TEST(ReplyFields, AnOriginOfTheServerIsThePublicOne) {
  for (const char* const name : {"Access-Control-Allow-Origin", "access-control-allow-origin", "Timing-Allow-Origin"}) {
    for (const char* const origin : {"http://pohoda.lan:444", "http://192.168.0.7:444", "https://POHODA.lan:444",
                                     "http://[fd00::7]:444", "http://c0508p", "http://old.lan:8080"}) {
      Named w;
      EXPECT_EQ(field(w, name, origin), "https://ucto.example.cz") << name << ' ' << origin;
    }
    for (const char* const other : {"*", "null", "https://shop.example", "http://pohoda.lan:445", "http://pohoda.lan:444/a",
                                    "http://u@pohoda.lan:444", "//pohoda.lan:444", "pohoda.lan:444", "", "http:pohoda.lan:444"}) {
      Named w;
      EXPECT_EQ(field(w, name, other), other) << name;
    }
  }
  Named w;
  EXPECT_EQ(field(w, "Timing-Allow-Origin", "https://a.example,http://pohoda.lan:444 , *"),
            "https://a.example,https://ucto.example.cz , *");
  w.route.path = "/app";
  w.route.strip_prefix = true;
  w.route.public_url = "https://pub.example:8443/x";
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://pohoda.lan:444"), "https://pub.example:8443");
  w.route.map_location = false;
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://pohoda.lan:444"), "http://pohoda.lan:444");
}

// A browser compares it to what it has said itself: the LAN's own pages may call the edge, too.
TEST(ReplyFields, TheOriginThatTheCallerHasSaidStays) {
  Named w;
  w.request.fields = {{"origin", "http://pohoda.lan:444"}};
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://pohoda.lan:444"), "http://pohoda.lan:444");
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://192.168.0.7:444"), "https://ucto.example.cz");
  w.request.fields = {{"Origin", "https://ucto.example.cz"}};
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://pohoda.lan:444"), "https://ucto.example.cz");
}

TEST(ReplyFields, AnOriginForACallerThatNamedNoHostIsNone) {
  Named w;
  w.target.host = "";
  EXPECT_EQ(field(w, "Access-Control-Allow-Origin", "http://pohoda.lan:444"), "");
}

TEST(ReplyFields, ARealmThatNamesTheServerNamesThePublicHost) {
  const auto realm = [](std::string_view value) {
    Named w;
    return field(w, "WWW-Authenticate", value);
  };
  for (const char* const named : {"pohoda.lan", "POHODA.lan", "pohoda.lan:444", "192.168.0.7", "192.168.0.7:81", "[fd00::7]:444",
                                  "fd00::7", "c0508p", "old.lan"})
    EXPECT_EQ(realm("Basic realm=\"" + std::string(named) + "\""), "Basic realm=\"ucto.example.cz\"") << named;
  EXPECT_EQ(realm("Basic realm=192.168.0.7"), "Basic realm=ucto.example.cz");
  EXPECT_EQ(realm("basic Realm = \"192.168.0.7\", charset=\"UTF-8\""), "basic Realm = \"ucto.example.cz\", charset=\"UTF-8\"");
  EXPECT_EQ(realm("Basic charset=\"UTF-8\", realm=\"Login at 192.168.0.7:444, please (pohoda.lan).\""),
            "Basic charset=\"UTF-8\", realm=\"Login at ucto.example.cz, please (ucto.example.cz).\"");
  EXPECT_EQ(realm("Bearer realm=\"http://pohoda.lan:444/token\",scope=\"x\""),
            "Bearer realm=\"https://ucto.example.cz/token\",scope=\"x\"");
  EXPECT_EQ(realm("Negotiate, NTLM, Basic realm=\"pohoda.lan\""), "Negotiate, NTLM, Basic realm=\"ucto.example.cz\"");
  EXPECT_EQ(realm("Negotiate b2s=, Basic realm=\"pohoda.lan\""), "Negotiate b2s=, Basic realm=\"ucto.example.cz\"");
  for (const char* const other :
       {"Basic realm=\"POHODA\"", "Basic realm=\"shop\"", "Basic realm=\"192.168.0.8\"", "Basic realm=\"the c0508p box\"", "Basic",
        "", "Basic realm", "Basic realm=", "Basic realm=\"", "NTLM pohoda.lan", "Basic title=\"pohoda.lan\"",
        "Basic xrealm=\"pohoda.lan\"", "Basic realm=\"LAN\\\\pohoda.lan\"", "Basic realm=\"/a\"", ",,=,", "Negotiate pohoda=="})
    EXPECT_EQ(realm(other), other);
}

// RFC 7616 section 3.4.2: the caller's answer is made with it, and the server's with its own.
TEST(ReplyFields, ARealmOfDigestStays) {
  Named w;
  EXPECT_EQ(field(w, "WWW-Authenticate", "Digest realm=\"pohoda.lan\", nonce=\"a\""), "Digest realm=\"pohoda.lan\", nonce=\"a\"");
  EXPECT_EQ(field(w, "WWW-Authenticate",
                  "Digest nonce=\"a, Basic\", realm=\"pohoda.lan\", Basic realm=\"pohoda.lan\", DIGEST realm=\"pohoda.lan\""),
            "Digest nonce=\"a, Basic\", realm=\"pohoda.lan\", Basic realm=\"ucto.example.cz\", DIGEST realm=\"pohoda.lan\"");
}

TEST(ReplyFields, ARealmStaysWhereTheRouteDoesNotMapAndNoConnectionTakesItAway) {
  World w;
  w.reply.fields = {{"Connection", "WWW-Authenticate"}, {"WWW-Authenticate", "Basic realm=\"192.168.0.10\""}};
  EXPECT_EQ(values_of(w.answer(), "WWW-Authenticate"), "Basic realm=\"ucto.example.cz\"");
  w.route.map_location = false;
  EXPECT_EQ(values_of(w.answer(), "WWW-Authenticate"), "Basic realm=\"192.168.0.10\"");
}

} // namespace
} // namespace ledgergate::route
