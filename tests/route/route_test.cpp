#include "route/route.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

settings::Route published(std::string name, std::string host, std::string path, std::size_t server = 0) {
  settings::Route route;
  route.name = std::move(name);
  route.host = std::move(host);
  route.path = std::move(path);
  route.server = server;
  return route;
}

class Find : public testing::Test {
protected:
  Find() {
    settings_.servers.resize(2);
    settings_.servers[1].profile = settings::Profile::mserver;
    settings_.routes = {published("any", "", "/any"),
                        published("root", "ucto.example.cz", "/"),
                        published("api", "ucto.example.cz", "/api/comm"),
                        published("api-deep", "ucto.example.cz", "/api/comm/deep/"),
                        published("wild", "*.example.cz", "/any/deeper"),
                        published("wilder", "*.shop.example.cz", "/"),
                        published("pohoda", "pohoda.example.cz", "/xml", 1)};
    settings_.listeners.resize(2);
    settings_.routes.push_back(published("second", "two.test", "/"));
    settings_.routes.back().listeners = {1};
  }
  std::string at(std::string_view host, std::string_view path, std::size_t listener = 0) {
    const auto* route = find(settings_, listener, host, path);
    return route == nullptr ? "none" : route->name;
  }
  settings::Settings settings_;
};

TEST_F(Find, TheLongestPathOfAHostWins) {
  EXPECT_EQ(at("ucto.example.cz", "/"), "root");
  EXPECT_EQ(at("ucto.example.cz", "/api"), "root");
  EXPECT_EQ(at("ucto.example.cz", "/api/comm"), "api");
  EXPECT_EQ(at("ucto.example.cz", "/api/comm/x"), "api");
  EXPECT_EQ(at("ucto.example.cz", "/api/comm/deep"), "api-deep");
  EXPECT_EQ(at("ucto.example.cz", "/api/comm/deep/x"), "api-deep");
}

TEST_F(Find, PrefixesEndAtSegmentBorders) {
  EXPECT_EQ(at("ucto.example.cz", "/api/commx"), "root");
  EXPECT_EQ(at("x", "/anyx"), "none");
  EXPECT_EQ(at("x", "/any"), "any");
  EXPECT_EQ(at("x", "/any/"), "any");
  EXPECT_EQ(at("", "/any"), "any");
}

TEST_F(Find, AnExactHostBeatsAWildcardAndAWildcardBeatsNone) {
  EXPECT_EQ(at("ucto.example.cz", "/any/deeper"), "root");
  EXPECT_EQ(at("b.example.cz", "/any/deeper"), "wild");
  EXPECT_EQ(at("b.example.cz", "/any"), "any");
  EXPECT_EQ(at("a.b.example.cz", "/any/deeper/x"), "wild");
  EXPECT_EQ(at("example.cz", "/any/deeper"), "any");
  EXPECT_EQ(at("a.shop.example.cz", "/any/deeper"), "wilder");
}

TEST_F(Find, LettersOfAPathMatterExceptForMserver) {
  EXPECT_EQ(at("pohoda.example.cz", "/XML"), "pohoda");
  EXPECT_EQ(at("pohoda.example.cz", "/xml"), "pohoda");
  EXPECT_EQ(at("pohoda.example.cz", "//xml/"), "pohoda");
  EXPECT_EQ(at("x", "/ANY"), "none");
}

TEST_F(Find, ListenersAreHeeded) {
  EXPECT_EQ(at("two.test", "/", 0), "none");
  EXPECT_EQ(at("two.test", "/", 1), "second");
  EXPECT_EQ(at("ucto.example.cz", "/", 1), "root");
}

TEST_F(Find, OptionsStarBelongsToTheRootRoute) { EXPECT_EQ(at("ucto.example.cz", "*"), "root"); }

struct TargetCase {
  const char* what;
  std::string route_path;
  bool strip;
  std::string rewrite;
  std::string_view raw, decoded;
  std::string_view expected, expected_decoded;
};

class UpstreamTarget : public testing::TestWithParam<TargetCase> {};

TEST_P(UpstreamTarget, IsMapped) {
  const auto& c = GetParam();
  auto route = published("r", "", c.route_path);
  route.strip_prefix = c.strip;
  route.rewrite_prefix = c.rewrite;
  http::Target target;
  target.path = c.raw;
  target.decoded = c.decoded;
  std::string out = ">";
  append_upstream_target(route, target, out);
  EXPECT_EQ(out, ">" + std::string(c.expected));
  std::string scratch = "old";
  EXPECT_EQ(server_path(route, target, scratch), c.expected_decoded);
}

INSTANTIATE_TEST_SUITE_P(
    Of, UpstreamTarget,
    testing::Values(
        // The vendor's literal path of a document (docs/vendors.md, mServer): percent-encoded Windows-1250.
        TargetCase{"untouched", "/", false, "", "/documents/obr%E1zky/%9Eidle.jpg", "/documents/obr\xE1zky/\x9Eidle.jpg",
                   "/documents/obr%E1zky/%9Eidle.jpg", "/documents/obr\xE1zky/\x9Eidle.jpg"},
        TargetCase{"empty", "/", false, "", "", "", "/", "/"},
        TargetCase{"strip", "/app", true, "", "/app/xml", "/app/xml", "/xml", "/xml"},
        TargetCase{"strip_keeps_bytes", "/app", true, "", "/app/%E1%2d", "/app/\xE1-", "/%E1%2d", "/\xE1-"},
        TargetCase{"strip_all", "/app", true, "", "/app", "/app", "/", "/"},
        TargetCase{"strip_slash", "/app/", true, "", "/app/", "/app/", "/", "/"},
        TargetCase{"strip_encoded_prefix", "/app", true, "", "/%61p%70/x", "/app/x", "/x", "/x"},
        TargetCase{"strip_prefix_in_utf8", "/\xC3\xBA", true, "", "/%c3%BA/x", "/\xC3\xBA/x", "/x", "/x"},
        TargetCase{"strip_other_letters", "/xml", true, "", "/XML/x", "/XML/x", "/x", "/x"},
        TargetCase{"strip_root", "/", true, "", "/x", "/x", "/x", "/x"},
        TargetCase{"strip_leaves_one_slash", "/app", true, "", "/app//evil.example/x", "/app//evil.example/x", "/evil.example/x",
                   "/evil.example/x"},
        TargetCase{"strip_encoded_slashes_stay", "/app", true, "", "/app/a%2Fb%5Cc", "/app/a/b\\c", "/a%2Fb%5Cc", "/a/b\\c"},
        TargetCase{"strip_slashes_in_a_row", "/app/xml", true, "", "//app//xml//x", "//app//xml//x", "/x", "/x"},
        TargetCase{"strip_raw_bytes", "/app", true, "", "/app/\xE1", "/app/\xE1", "/\xE1", "/\xE1"},
        TargetCase{"strip_star", "/", true, "", "*", "*", "*", "*"},
        TargetCase{"rewrite", "/app", false, "/srv/base", "/app/x", "/app/x", "/srv/base/x", "/srv/base/x"},
        TargetCase{"rewrite_all", "/app", false, "/srv", "/app", "/app", "/srv", "/srv"},
        TargetCase{"rewrite_slash", "/app", false, "/srv/", "/app", "/app", "/srv/", "/srv/"},
        TargetCase{"rewrite_no_double_slash", "/app", false, "/srv/", "/app/x", "/app/x", "/srv/x", "/srv/x"},
        TargetCase{"rewrite_to_root", "/app", false, "/", "/app/x", "/app/x", "/x", "/x"},
        TargetCase{"rewrite_from_root", "/", false, "/srv", "/x", "/x", "/srv/x", "/srv/x"},
        TargetCase{"rewrite_is_encoded", "/app", false, "/\xC3\xBA b%41", "/app/x", "/app/x", "/%C3%BA%20b%41/x",
                   "/\xC3\xBA bA/x"}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(UpstreamTargetQuery, StaysAsItCame) {
  auto route = published("r", "", "/app");
  route.strip_prefix = true;
  http::Target target;
  target.path = "/app";
  target.decoded = "/app";
  target.has_query = true;
  std::string out;
  append_upstream_target(route, target, out);
  EXPECT_EQ(out, "/?");
  target.query = "companyDetail&a=%zz?/app";
  out.clear();
  append_upstream_target(route, target, out);
  EXPECT_EQ(out, "/?companyDetail&a=%zz?/app");
}

} // namespace
} // namespace ledgergate::route
