// The small readers of words: times, sizes, opening hours, hosts, URLs, templates, header names, suggestions.
#include "settings/header_template.h"
#include "settings/hours.h"
#include "settings/suggest.h"
#include "settings/units.h"
#include "settings/url.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::settings;
using namespace std::chrono_literals;

TEST(Duration, HasOneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("10 s"), 10s);
  EXPECT_EQ(parse_duration("2min"), 2min);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0"), 0ms);
  for (const std::string_view text : {"", "s", "10", "10 ", " 10s", "10s ", "1.5s", "-1s", "+1s", "1h30m", "10S", "10sec", "1w",
                                      "99999999999999999999s", "9223372036854775807d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsSaidShortly) {
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2min");
  EXPECT_EQ(duration_text(24h), "1d");
  EXPECT_EQ(duration_text(0ms), "0ms");
}

TEST(Size, IsBytesInPowersOf1024) {
  EXPECT_EQ(parse_size("512"), 512U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("8KiB"), 8192U);
  EXPECT_EQ(parse_size("8 KB"), 8192U);
  EXPECT_EQ(parse_size("8k"), 8192U);
  EXPECT_EQ(parse_size("256MiB"), 256U << 20U);
  EXPECT_EQ(parse_size("1M"), 1U << 20U);
  EXPECT_EQ(parse_size("2GiB"), std::uint64_t{2} << 30U);
  EXPECT_EQ(parse_size("18446744073709551615"), ~std::uint64_t{0});
  for (const std::string_view text :
       {"", "KiB", "-1", "+1", "1.5MiB", "1TB", "1 apples", "18446744073709551616", "17179869184GiB", "0x10", "8kib"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Size, IsSaidShortly) {
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(1000), "1000");
  EXPECT_EQ(size_text(65536), "64KiB");
  EXPECT_EQ(size_text(std::uint64_t{1} << 40U), "1024GiB");
}

TEST(Host, IsANameOrAnAddress) {
  for (const std::string_view text :
       {"a", "ucto.example.cz", "C0508P", "my_pc", "192.168.0.1", "fd00::1", "xn--to-8ja.cz", "3com.com"})
    EXPECT_EQ(host_mistake(text), "") << text;
  for (const std::string_view text :
       {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a/b", "a:80", "[::1]", "192.168.0.300", "1.2.3", "účto.cz", "a%41"})
    EXPECT_NE(host_mistake(text), "") << text;
  EXPECT_EQ(host_mistake(std::string(63, 'a')), "");
  EXPECT_NE(host_mistake(std::string(64, 'a')), "");
  std::string longest;
  while (longest.size() < 254) longest += "abcdefg.";
  EXPECT_NE(host_mistake(longest + "a"), "");
}

TEST(Url, HasSchemeHostAndPort) {
  Url url;
  ASSERT_EQ(parse_url("http://192.168.0.10:444", url), "");
  EXPECT_FALSE(url.https);
  EXPECT_EQ(url.host, "192.168.0.10");
  EXPECT_EQ(url.port, 444);
  EXPECT_EQ(url.authority, "192.168.0.10:444");
  ASSERT_EQ(parse_url("https://Shop.CZ/", url), "");
  EXPECT_TRUE(url.https);
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.authority, "shop.cz");
  ASSERT_EQ(parse_url("https://[FD00::1]:443", url), "");
  EXPECT_EQ(url.host, "fd00::1");
  EXPECT_EQ(url.authority, "[fd00::1]");
}

TEST(Url, IsRefusedWithoutBeingRepeated) {
  for (const std::string_view text : {"",
                                      "shop.cz",
                                      "ftp://shop.cz",
                                      "HTTP://shop.cz",
                                      "http://",
                                      "http:///",
                                      "http://:80",
                                      "http://h:",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://h:80x",
                                      "http://h:+1",
                                      "http://h:80:81",
                                      "http://h//",
                                      "http://h/x",
                                      "http://h?x",
                                      "http://h#x",
                                      "http://u:hunter2@h",
                                      "http://hunter2@h:1/",
                                      "http://[::1",
                                      "http://::1",
                                      "http://[]",
                                      "http://[h]",
                                      "http://[::1]x:1",
                                      "http://[127.0.0.1]",
                                      "http://h h",
                                      "http://[[::1]]"}) {
    Url url;
    const std::string mistake = parse_url(text, url);
    EXPECT_NE(mistake, "") << text;
    EXPECT_EQ(mistake.find("hunter2"), std::string::npos);
    EXPECT_EQ(url.host, "") << "left alone";
  }
}

TEST(Template, IsCutIntoLiteralsAndVariables) {
  Template parts;
  ASSERT_EQ(parse_template("", parts), "");
  EXPECT_TRUE(parts.empty());
  ASSERT_EQ(parse_template("$", parts), "");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].literal, "$");
  ASSERT_EQ(parse_template("$${client.ip}$$x$", parts), "");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].literal, "${client.ip}$$x$");
  ASSERT_EQ(parse_template("${tls.version}${tls.cipher}", parts), "");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].kind, Variable::tls_version);
  EXPECT_EQ(parts[1].kind, Variable::tls_cipher);
  ASSERT_EQ(parse_template(" \t a b\tc ", parts), "");
  EXPECT_EQ(parts[0].literal, "a b\tc") << "white space around a value is not part of it";
  ASSERT_EQ(parse_template("p\xc5\x99\xe1", parts), "") << "bytes from 0x80 on pass";
}

TEST(Template, EveryVariableHasItsName) {
  for (const std::string name :
       {"client.ip", "client.port", "client.name", "request.id", "request.method", "request.host", "request.path", "request.scheme",
        "listener.name", "route.name", "server.name", "tls.version", "tls.cipher", "tls.sni"}) {
    Template parts;
    ASSERT_EQ(parse_template("${" + name + "}", parts), "");
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_NE(parts[0].kind, Variable::literal);
  }
}

TEST(HeaderName, IsATokenThatIsNotTheEdgesOwn) {
  for (const bool reply : {false, true}) {
    for (const std::string_view name : {"X-A", "Authorization", "Cookie", "Server", "x_y", "X-Forwarded-For"})
      EXPECT_EQ(header_name_mistake(name, reply), "") << name;
    for (const std::string_view name :
         {"", "X A", "X:", "X\r", "Příliš", "Content-Length", "content-length", "Transfer-Encoding", "CONNECTION", "Keep-Alive",
          "Proxy-Connection", "te", "Trailer", "Upgrade", "Expect", "hOsT"})
      EXPECT_NE(header_name_mistake(name, reply), "") << name;
  }
}

TEST(Suggestion, IsTheNearestWordWhenItIsNear) {
  const std::vector<std::string> known{"address", "name", "certificates", "tls"};
  EXPECT_EQ(did_you_mean("adress", known), " (did you mean `address`?)");
  EXPECT_EQ(did_you_mean("nmae", known), " (did you mean `name`?)");
  EXPECT_EQ(did_you_mean("Certificate", known), " (did you mean `certificates`?)");
  EXPECT_EQ(did_you_mean("ssl", known), "");
  EXPECT_EQ(did_you_mean("frobnicate", known), "");
  EXPECT_EQ(did_you_mean("", known), "");
  EXPECT_EQ(did_you_mean(std::string(10'000, 'a'), known), "");
  EXPECT_EQ(did_you_mean("name", {}), "");
}

struct Span {
  int days = 0, from = 0, to = 0;
  bool operator==(const Span&) const = default;
};
Span span(std::string_view text) {
  OpenSpan out;
  const std::string mistake = parse_open_span(text, out);
  EXPECT_EQ(mistake, "") << text;
  return {out.days, out.from, out.to};
}

TEST(OpenSpan, IsDaysAndTwoTimes) {
  EXPECT_EQ(span("Mon 08:00-16:00"), (Span{0b0000001, 480, 960}));
  EXPECT_EQ(span("Mon-Fri 5:00-23:30"), (Span{0b0011111, 300, 1410}));
  EXPECT_EQ(span("sat,SUN 00:00-24:00"), (Span{0b1100000, 0, 1440}));
  EXPECT_EQ(span("Sat-Mon,Wed  22:00-06:00"), (Span{0b1100101, 1320, 360}));
  EXPECT_EQ(span("23:59-00:00"), (Span{0b1111111, 1439, 0}));
  EXPECT_EQ(span("Sun-Sat 1:00-2:00").days, 0b1111111);
}

TEST(OpenSpan, IsNothingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "-",
                                      "Mon",
                                      "Mon 08:00",
                                      "Mon 08:00-",
                                      "Mon -16:00",
                                      "Mon 8-16",
                                      "Mon 08:00-16:60",
                                      "Mon 24:00-25:00",
                                      "Mon 24:00-08:00",
                                      "Mon 08:00-24:01",
                                      "Mon 08:00-08:00",
                                      "Mon 008:00-16:00",
                                      "Mon 08:0-16:00",
                                      "Mon 08:00-16:00-18:00",
                                      "Mon 08:00-16:00 ",
                                      "Mon- 08:00-16:00",
                                      "-Mon 08:00-16:00",
                                      "Mon, 08:00-16:00",
                                      "Mon,,Tue 08:00-16:00",
                                      "Mon Tue 08:00-16:00",
                                      "Mo 08:00-16:00",
                                      "Mon-Tue-Wed 08:00-16:00",
                                      "Monday 08:00-16:00",
                                      "Mon +8:00-16:00"}) {
    OpenSpan out;
    out.days = 1;
    EXPECT_NE(parse_open_span(text, out), "") << text;
    EXPECT_EQ(out.from, 0) << text;
  }
}

} // namespace
