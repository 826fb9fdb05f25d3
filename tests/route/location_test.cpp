#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

struct Case {
  const char* what;
  std::string_view location;
  std::string_view expected; // empty: stays as it came
  std::string path = "/", rewrite{};
  bool strip = false;
  std::string public_url{};
  settings::UpstreamHost upstream_host = settings::UpstreamHost::server;
};

class Mapping : public testing::TestWithParam<Case> {};

TEST_P(Mapping, Location) {
  const auto& c = GetParam();
  World w;
  w.server.profile = settings::Profile::http;
  w.route.path = c.path;
  w.route.rewrite_prefix = c.rewrite;
  w.route.strip_prefix = c.strip;
  w.route.public_url = c.public_url;
  w.route.upstream_host = c.upstream_host;
  w.route.upstream_host_literal = "lan.example";
  std::string out = "Location: ";
  const bool mapped = map_location(w.facts, c.location, out);
  EXPECT_EQ(mapped, !c.expected.empty());
  EXPECT_EQ(out, "Location: " + std::string(c.expected));
}

using settings::UpstreamHost;

INSTANTIATE_TEST_SUITE_P(
    Of, Mapping,
    testing::Values(
        Case{"server", "http://192.168.0.10:444/a?b#c", "https://ucto.example.cz/a?b#c"},
        Case{"server_any_case", "HTTP://192.168.0.10:444/A", "https://ucto.example.cz/A"},
        Case{"without_scheme", "//192.168.0.10:444/a", "https://ucto.example.cz/a"},
        Case{"no_path", "http://192.168.0.10:444", "https://ucto.example.cz/"},
        Case{"query_only", "http://192.168.0.10:444?x", "https://ucto.example.cz/?x"},
        Case{"other_port", "http://192.168.0.10/a", ""}, Case{"other_host", "http://192.168.0.100:444/a", ""},
        Case{"other_site", "https://www.example.com/192.168.0.10:444", ""},
        Case{"user_information", "http://192.168.0.10:444@evil.example/", ""}, Case{"bad_port", "http://192.168.0.10:444x/", ""},
        Case{"backslash", "/\\evil.example", ""}, Case{"relative", "a/b", ""}, Case{"empty", "", ""},
        Case{"mail", "mailto:a@b", ""}, Case{"absolute_path", "/a", ""},
        Case{"public_url", "http://192.168.0.10:444/a", "https://pub.example:8443/a", "/", "", false, "https://pub.example:8443/"},
        Case{"host_of_caller", "http://ucto.example.cz/a", "https://ucto.example.cz/a", "/", "", false, "", UpstreamHost::client},
        Case{"host_of_caller_with_server_port", "http://UCTO.example.cz:444/a", "https://ucto.example.cz/a", "/", "", false, "",
             UpstreamHost::client},
        Case{"host_literal", "http://lan.example/a", "https://ucto.example.cz/a", "/", "", false, "", UpstreamHost::literal},
        Case{"host_not_sent", "http://lan.example/a", ""},
        Case{"strip", "http://192.168.0.10:444/a", "https://ucto.example.cz/app/a", "/app", "", true},
        Case{"strip_root", "http://192.168.0.10:444", "https://ucto.example.cz/app/", "/app", "", true},
        Case{"strip_relative", "/a?q", "/app/a?q", "/app/", "", true},
        Case{"strip_other_site", "https://x.example/a", "", "/app", "", true}, Case{"strip_nothing", "/a", "", "/", "", true},
        Case{"rewrite", "/srv/base/a", "/app/a", "/app", "/srv/base", false},
        Case{"rewrite_exact", "/srv", "/app", "/app", "/srv", false}, Case{"rewrite_to_root", "/srv", "/", "/", "/srv", false},
        Case{"rewrite_segment_border", "/srvx/a", "", "/app", "/srv", false},
        Case{"rewrite_elsewhere", "http://192.168.0.10:444/login", "https://ucto.example.cz/login", "/app", "/srv", false},
        Case{"rewrite_encoded", "/sr%76/%E1", "/app/%E1", "/app", "/srv", false},
        Case{"rewrite_leaves_no_second_host", "/srv//evil.example/", "/evil.example/", "/", "/srv", false},
        Case{"prefix_is_encoded", "/a", "/%C3%BA%20b/a", "/\xC3\xBA b", "", true}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(LocationMapping, DefaultPortsAreTheSameAsNone) {
  World w;
  w.server.host = "lan";
  w.server.port = 80;
  w.server.authority = "lan";
  std::string out;
  EXPECT_TRUE(map_location(w.facts, "http://LAN:80/a", out));
  EXPECT_TRUE(map_location(w.facts, "http://lan/b", out));
  EXPECT_TRUE(map_location(w.facts, "http://lan:/c", out));
  EXPECT_FALSE(map_location(w.facts, "https://other/d", out));
  EXPECT_EQ(out, "https://ucto.example.cz/ahttps://ucto.example.cz/bhttps://ucto.example.cz/c");
}

TEST(LocationMapping, Ipv6ServersAreRecognised) {
  World w;
  w.server.host = "fd00::1";
  w.server.authority = "[fd00::1]:444";
  std::string out;
  EXPECT_TRUE(map_location(w.facts, "http://[FD00::1]:444/a", out));
  EXPECT_FALSE(map_location(w.facts, "http://[fd00::2]:444/a", out));
  EXPECT_FALSE(map_location(w.facts, "http://[fd00::1]444/a", out));
  EXPECT_FALSE(map_location(w.facts, "http://[fd00::1/a", out));
  EXPECT_EQ(out, "https://ucto.example.cz/a");
}

TEST(LocationMapping, UsesWhatTheCallerOrATrustedProxySaid) {
  World w;
  std::string out;
  w.target.port = 8443;
  EXPECT_TRUE(map_location(w.facts, "http://192.168.0.10:444/a", out));
  EXPECT_EQ(out, "https://ucto.example.cz:8443/a");
  w.behind_proxy();
  w.facts.tls = false;
  w.facts.said_scheme = "https";
  w.facts.said_host = "pub.example";
  out.clear();
  EXPECT_TRUE(map_location(w.facts, "http://192.168.0.10:444/a", out));
  EXPECT_EQ(out, "https://pub.example/a");
}

TEST(LocationMapping, WithoutAnyPublicNameThePathRemains) {
  World w;
  w.target.host.clear();
  std::string out;
  EXPECT_TRUE(map_location(w.facts, "http://192.168.0.10:444//evil.example/a", out));
  EXPECT_EQ(out, "/evil.example/a");
}

TEST(LocationMapping, CanBeSwitchedOff) {
  World w;
  w.route.map_location = false;
  std::string out;
  EXPECT_FALSE(map_location(w.facts, "http://192.168.0.10:444/a", out));
}

} // namespace
} // namespace ledgergate::route
