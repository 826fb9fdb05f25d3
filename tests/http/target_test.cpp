#include "http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::http {
namespace {

constexpr std::uint16_t tls_port = 443;

struct Request {
  std::string target;
  std::string host;
  bool has_host = true;
  Method method = Method::get;
};

RequestHead head_of(const Request& request) {
  RequestHead head;
  head.method = request.method;
  head.target = request.target;
  head.host = request.host;
  head.has_host = request.has_host;
  return head;
}

// What the target was read as, in one line; or the cause.
std::string reading(const Request& request, bool odd_hosts = true, std::uint16_t default_port = tls_port) {
  Target target;
  const RequestHead head = head_of(request);
  const Result<void> outcome = read_target(head, odd_hosts, default_port, target);
  if (!outcome.ok()) return std::string(describe(outcome.error().cause).name);
  std::string text = target.host;
  if (target.port != 0) text += ":" + std::to_string(target.port);
  text += " " + std::string(target.path);
  if (target.has_query) text += " ?" + std::string(target.query);
  return text;
}

std::string name_of(Cause cause) { return std::string(describe(cause).name); }

TEST(Target, OriginFormTakesItsPlaceFromHost) {
  EXPECT_EQ(reading({"/xml", "ucto.example.cz"}), "ucto.example.cz /xml");
  EXPECT_EQ(reading({"/", "UCTO.Example.CZ:8443"}), "ucto.example.cz:8443 /");
  EXPECT_EQ(reading({"/", "a:443"}), "a /");
  EXPECT_EQ(reading({"/", "a:80"}), "a:80 /");
  EXPECT_EQ(reading({"/", "a:80"}, true, 80), "a /");
  EXPECT_EQ(reading({"/", "a:"}), "a /");
  EXPECT_EQ(reading({"/", "a."}), "a /");
  EXPECT_EQ(reading({"/", "a_b-c.d"}), "a_b-c.d /");
  EXPECT_EQ(reading({"/", "192.168.0.10:444"}), "192.168.0.10:444 /");
  EXPECT_EQ(reading({"/", "[2001:DB8::0:1]:444"}), "2001:db8::1:444 /");
  EXPECT_EQ(reading({"/", "[::1]"}), "::1 /");
}

TEST(Target, QueriesAreKeptAsTheyCame) {
  EXPECT_EQ(reading({"/status?companyDetail", "a"}), "a /status ?companyDetail");
  EXPECT_EQ(reading({"/x?", "a"}), "a /x ?");
  EXPECT_EQ(reading({"/x?a=../..&b=%2F%zz?c=100%", "a"}), "a /x ?a=../..&b=%2F%zz?c=100%");
  EXPECT_EQ(reading({"/x?f=a\\b", "a"}), "a /x ?f=a\\b");
  EXPECT_EQ(reading({"/x?\xCF\xEE=\xFF", "a"}), "a /x ?\xCF\xEE=\xFF");
}

TEST(Target, AbsoluteFormRoutesByItsAuthority) {
  EXPECT_EQ(reading({"http://localhost:444/xml", "http://localhost:444"}), "localhost:444 /xml");
  EXPECT_EQ(reading({"http://elektro-net.cz/adresy.php", "http://elektro-net.cz"}), "elektro-net.cz /adresy.php");
  EXPECT_EQ(reading({"HTTPS://A/x", "a"}), "a /x");
  EXPECT_EQ(reading({"http://a", "a"}), "a /");
  EXPECT_EQ(reading({"http://a?x", "a"}), "a / ?x");
  EXPECT_EQ(reading({"http://[::1]:444/", "[0:0:0:0:0:0:0:1]:444"}), "::1:444 /");
  EXPECT_EQ(reading({"http://a/x", "", false}), "a /x"); // HTTP/1.0
}

TEST(Target, AHostThatMeansTheSameAuthorityIsFine) {
  EXPECT_EQ(reading({"http://a/", "A"}), "a /");
  EXPECT_EQ(reading({"http://a/", "a."}), "a /");
  EXPECT_EQ(reading({"http://a:80/", "a"}), "a /");
  EXPECT_EQ(reading({"http://a/", "a:80"}), "a /");
  EXPECT_EQ(reading({"http://a/", "http://a:80"}), "a /");
  EXPECT_EQ(reading({"https://a/", "a:443"}), "a /");
  EXPECT_EQ(reading({"https://a:443/", "ssl://a"}), "a /");
  EXPECT_EQ(reading({"http://a:443/", "a"}), "a /"); // http:// through a TLS tunnel: the listener's port
  EXPECT_EQ(reading({"http://a/", "a:443"}), "a /");
  EXPECT_EQ(reading({"http://a:444/", "a:444"}), "a:444 /");
}

TEST(Target, AHostThatDiffersIsRefused) {
  for (const Request& request : std::vector<Request>{
           {"http://a/", "b"},
           {"http://a:444/", "a"},
           {"http://a/", "a:444"},
           {"http://a:444/", "a:445"},
           {"http://a:444/", "http://a:445"},
           {"http://a:444/", "http://b:444"},
           {"http://a/", "https://a"},
           {"https://a/", "http://a"},
           {"http://[::1]/", "[::2]"},
           {"http://[::1]/", "a"},
           {"http://a/", ""},
           {"http://a/", "http://a/"},
       }) {
    EXPECT_EQ(reading(request), name_of(Cause::bad_host)) << request.target << " and " << request.host;
  }
}

TEST(Target, OddHostsAreUnderstoodWhereAllowed) {
  EXPECT_EQ(reading({"/xml", "http://localhost:444"}), "localhost:444 /xml");
  EXPECT_EQ(reading({"/api/comm", "ssl://dev.premier.cz"}), "dev.premier.cz /api/comm");
  EXPECT_EQ(reading({"/", "https://A"}), "a /");
  EXPECT_EQ(reading({"/", "ssl://[::1]:12375"}), "::1:12375 /");
  for (const char* host : {"http://localhost:444", "https://a", "ssl://dev.premier.cz"}) {
    EXPECT_EQ(reading({"/", host}, false), name_of(Cause::bad_host)) << host;
  }
}

TEST(Target, OddHostsMayBeNothingMore) {
  for (const char* host :
       {"http://a/", "http://a/x", "http://", "http://a:444/", "http://u@a", "http://http://a", "HTTP://a", "tls://a", "tcp://a",
        "ftp://a", "http:/a", "http:a", "//a", "http://a?x", "http://a ", "ssl://ssl://a"}) {
    EXPECT_EQ(reading({"/", host}), name_of(Cause::bad_host)) << host;
  }
}

TEST(Target, MalformedHostsAreRefused) {
  const std::vector<std::string> hosts = {
      "",
      "a b",
      "a,b",
      "a/b",
      "a@b",
      "a:b",
      "a:1:2",
      "a:65536",
      "a:0",
      "a:+1",
      "a:123456",
      ".",
      "..",
      ".a",
      "a..b",
      "a..",
      "::1",
      "[::1",
      "[::1]x",
      "[::1]:x",
      "[]",
      "[a]",
      "[1.2.3.4]",
      "[fe80::1%25eth0]",
      "a%2e",
      "a\\b",
      "a#b",
      "\xE1",
      "a\tb",
      "[::1%eth0]",
      "[v1.a]",
      "a;b",
      "a'b",
      "a?b",
      "*",
      ":80",
      std::string(254, 'a'),
      "[::1]80",
      "[" + std::string(60, '0') + "]",
      std::string("a\0b", 3),
  };
  for (const std::string& host : hosts) EXPECT_EQ(reading({"/", host}), name_of(Cause::bad_host)) << host;
}

TEST(Target, MalformedTargetsAreRefused) {
  const std::vector<std::string> targets = {
      "",
      "a",
      "*",
      "?x",
      "a:80",
      "ftp://a/",
      "http:/a",
      "http:a",
      "http://",
      "http:///x",
      "http://u@a/",
      "http://a:x",
      "http://a b/",
      "http://a,b",
      "http://a#",
      "/a#b",
      "/a\\b",
      "/a b",
      "/a\tb",
      "/a\x01",
      "/a\x7F",
      "/a\\?b",
      "http://\xE1",
      "http://a\xE1/",
      "\xE1",
      "ssl://a/",
      "http://?x",
      "http://a:99999/",
  };
  for (const std::string& target : targets) {
    EXPECT_EQ(reading({target, "a"}), name_of(Cause::bad_target)) << target;
  }
}

TEST(Target, RawBytesBeyondAsciiAreTakenAsTheyAre) {
  EXPECT_EQ(reading({"/\xE1\x80\xFF", "a"}), "a /\xE1\x80\xFF");
  EXPECT_EQ(reading({"http://a/\xD0\x91?\xD0", "a"}), "a /\xD0\x91 ?\xD0");
}

TEST(Target, TheWholeServerIsForOptions) {
  EXPECT_EQ(reading({"*", "a", true, Method::options}), "a *");
  EXPECT_EQ(reading({"http://a", "a", true, Method::options}), "a *");
  EXPECT_EQ(reading({"http://a?x", "a", true, Method::options}), "a / ?x");
  EXPECT_EQ(reading({"*x", "a", true, Method::options}), name_of(Cause::bad_target));
  EXPECT_EQ(reading({"*", "a"}), name_of(Cause::bad_target));
}

TEST(Target, OldClientsMayNameNoHost) { EXPECT_EQ(reading({"/x", "", false}), " /x"); }

TEST(Target, TheSameObjectIsReadAnew) {
  Target target;
  const Request first{"http://a:444/x?y", "a:444"};
  ASSERT_TRUE(read_target(head_of(first), true, tls_port, target).ok());
  EXPECT_TRUE(target.plain);
  const Request second{"/%41", "", false};
  ASSERT_TRUE(read_target(head_of(second), true, tls_port, target).ok());
  EXPECT_EQ(target.host, "");
  EXPECT_EQ(target.port, 0);
  EXPECT_FALSE(target.has_query);
  EXPECT_FALSE(target.plain);
  EXPECT_EQ(target.path, "/%41");
  EXPECT_EQ(target.decoded, "/A");
}

} // namespace
} // namespace ledgergate::http
