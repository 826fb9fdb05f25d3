#include "client/forwarded.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::client {
namespace {

std::vector<Cidr> trusted() { return {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")}; }

Caller ask(std::string_view peer, const std::vector<http::Field>& fields) {
  return real_caller(*IpAddress::parse(peer), 40000, trusted(), fields);
}

struct Case {
  const char* what;
  std::string_view name, value;
  std::string_view expected;
  std::uint16_t port = 0;
};

class FromATrustedPeer : public testing::TestWithParam<Case> {};

TEST_P(FromATrustedPeer, TheCallerIs) {
  const auto& c = GetParam();
  const auto caller = ask("10.0.0.1", {{c.name, c.value}});
  EXPECT_TRUE(caller.peer_trusted);
  EXPECT_EQ(caller.ip.text(), c.expected);
  EXPECT_EQ(caller.port, c.port);
}

INSTANTIATE_TEST_SUITE_P(
    XForwardedFor, FromATrustedPeer,
    testing::Values(Case{"One", "X-Forwarded-For", "203.0.113.9", "203.0.113.9"},
                    Case{"AnyCase", "x-forwarded-for", "203.0.113.9", "203.0.113.9"},
                    Case{"ForgedOnTheLeft", "X-Forwarded-For", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
                    Case{"PastTrusted", "X-Forwarded-For", "1.1.1.1,203.0.113.9 ,10.0.0.3,2001:db8::7", "203.0.113.9"},
                    Case{"AllTrusted", "X-Forwarded-For", "10.0.0.9, 10.0.0.8", "10.0.0.9"},
                    Case{"MalformedBehindTrusted", "X-Forwarded-For", "203.0.113.9, unknown, 10.0.0.3, 10.0.0.2", "10.0.0.3"},
                    Case{"MalformedLast", "X-Forwarded-For", "203.0.113.9, x", "10.0.0.1", 40000},
                    Case{"MalformedFurtherOut", "X-Forwarded-For", "x, 203.0.113.9", "203.0.113.9"},
                    Case{"EmptyItems", "X-Forwarded-For", " , 203.0.113.9,, ", "203.0.113.9"},
                    Case{"Empty", "X-Forwarded-For", "", "10.0.0.1", 40000},
                    Case{"WithPort", "X-Forwarded-For", "203.0.113.9:1234", "203.0.113.9", 1234},
                    Case{"Ipv6", "X-Forwarded-For", "2001:db9::1", "2001:db9::1"},
                    Case{"Ipv6WithPort", "X-Forwarded-For", "[2001:db9::1]:77", "2001:db9::1", 77},
                    Case{"Mapped", "X-Forwarded-For", "::ffff:203.0.113.9", "203.0.113.9"},
                    Case{"BadPort", "X-Forwarded-For", "203.0.113.9:70000", "10.0.0.1", 40000},
                    Case{"NoPortBehindColon", "X-Forwarded-For", "203.0.113.9:", "10.0.0.1", 40000},
                    Case{"JunkBehindBracket", "X-Forwarded-For", "[2001:db9::1]x:1", "10.0.0.1", 40000},
                    Case{"TwinIsNoField", "X_Forwarded_For", "203.0.113.9", "10.0.0.1", 40000}),
    [](const auto& test) { return std::string(test.param.what); });

INSTANTIATE_TEST_SUITE_P(
    Forwarded, FromATrustedPeer,
    testing::Values(Case{"One", "Forwarded", "for=203.0.113.9;proto=https", "203.0.113.9"},
                    Case{"AnyCase", "forwarded", "For=203.0.113.9", "203.0.113.9"},
                    Case{"Ipv6", "Forwarded", "for=\"[2001:db9::1]:4711\"", "2001:db9::1", 4711},
                    Case{"PastTrusted", "Forwarded", "for=1.1.1.1, for=203.0.113.9, for=10.0.0.3", "203.0.113.9"},
                    Case{"CommaInQuotes", "Forwarded", "for=203.0.113.9;by=\"a, for=1.1.1.1\"", "203.0.113.9"},
                    Case{"EscapedQuote", "Forwarded", "for=203.0.113.9;by=\"a\\\", for=1.1.1.1\"", "203.0.113.9"},
                    Case{"SemicolonInQuotes", "Forwarded", "by=\"a;for=1.1.1.1\";for=203.0.113.9", "203.0.113.9"},
                    Case{"OpenQuote", "Forwarded", "for=203.0.113.9, for=\"1.1.1.1", "10.0.0.1", 40000},
                    Case{"Hidden", "Forwarded", "for=203.0.113.9, for=_hidden", "10.0.0.1", 40000},
                    Case{"NoFor", "Forwarded", "for=203.0.113.9, proto=https", "10.0.0.1", 40000},
                    Case{"TwoFors", "Forwarded", "for=203.0.113.9;for=1.1.1.1", "10.0.0.1", 40000},
                    Case{"NoPair", "Forwarded", "for=203.0.113.9;junk", "10.0.0.1", 40000},
                    Case{"EmptyElements", "Forwarded", ", for=203.0.113.9 ,", "203.0.113.9"}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(RealCaller, AnUntrustedPeerIsBelievedNothing) {
  const auto caller = ask("203.0.113.1", {{"X-Forwarded-For", "1.1.1.1"},
                                          {"Forwarded", "for=1.1.1.1;proto=https;host=evil"},
                                          {"X-Forwarded-Proto", "https"},
                                          {"X-Forwarded-Host", "evil"},
                                          {"X-Forwarded-Port", "1"}});
  EXPECT_FALSE(caller.peer_trusted);
  EXPECT_EQ(caller.ip.text(), "203.0.113.1");
  EXPECT_EQ(caller.port, 40000);
  EXPECT_EQ(caller.scheme, "");
  EXPECT_EQ(caller.host, "");
  EXPECT_EQ(caller.host_port, 0);
}

TEST(RealCaller, ManyFieldsAreOneList) {
  EXPECT_EQ(ask("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}, {"Accept", "9.9.9.9"}, {"X-Forwarded-For", "203.0.113.9, 10.1.1.1"}})
                .ip.text(),
            "203.0.113.9");
  EXPECT_EQ(ask("10.0.0.1", {{"Forwarded", "for=203.0.113.9"}, {"Forwarded", "for=10.0.0.3"}}).ip.text(), "203.0.113.9");
}

TEST(RealCaller, XForwardedForCountsWhereBothArePresent) {
  EXPECT_EQ(ask("10.0.0.1", {{"Forwarded", "for=1.1.1.1"}, {"X-Forwarded-For", "203.0.113.9"}}).ip.text(), "203.0.113.9");
}

TEST(RealCaller, SchemeHostAndPortAreWhatTheTrustedPeerWrote) {
  const auto caller = ask("10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"},
                                       {"X-Forwarded-Proto", "http, HTTPS"},
                                       {"X-Forwarded-Host", "ucto.example.cz:8443"},
                                       {"X-Forwarded-Port", "8443"}});
  EXPECT_EQ(caller.scheme, "https");
  EXPECT_EQ(caller.host, "ucto.example.cz:8443");
  EXPECT_EQ(caller.host_port, 8443);
}

TEST(RealCaller, TheElementOfTheCallerTellsSchemeAndHost) {
  const auto caller =
      ask("10.0.0.1", {{"Forwarded", "for=1.1.1.1;proto=http;host=evil, for=203.0.113.9;proto=https;host=\"ucto.example.cz:8443\", "
                                     "for=10.0.0.3;proto=http;host=inner"}});
  EXPECT_EQ(caller.scheme, "https");
  EXPECT_EQ(caller.host, "ucto.example.cz:8443");
}

TEST(RealCaller, NonsenseAboutSchemeHostAndPortIsIgnored) {
  const auto caller =
      ask("10.0.0.1", {{"X-Forwarded-Proto", "javascript"}, {"X-Forwarded-Host", "a/b\"c"}, {"X-Forwarded-Port", "99999"}});
  EXPECT_EQ(caller.ip.text(), "10.0.0.1");
  EXPECT_EQ(caller.scheme, "");
  EXPECT_EQ(caller.host, "");
  EXPECT_EQ(caller.host_port, 0);
  EXPECT_EQ(ask("10.0.0.1", {{"X-Forwarded-Host", std::string(300, 'a')}}).host, "");
}

} // namespace
} // namespace ledgergate::client
