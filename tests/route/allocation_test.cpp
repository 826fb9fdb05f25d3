// The steady state of the hot path allocates nothing (docs/invariants.md): every allocation of this test program is counted.
#include "../allocations.h"
#include "route/choose.h"
#include "route/route.h"
#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

template <class Work>
std::size_t allocations_of_second_run(const Work& work) {
  work();
  const auto before = ledgergate::tests::allocations();
  work();
  return ledgergate::tests::allocations() - before;
}

TEST(SteadyState, TheCounterCounts) {
  EXPECT_GT(allocations_of_second_run([] { std::string(100, 'x').swap(*std::make_unique<std::string>()); }), 0U);
}

TEST(SteadyState, ARequestHeadAllocatesNothing) {
  World w;
  w.behind_proxy();
  w.facts.said_host = "public.name.of.the.edge.example.cz:8443";
  w.facts.said_scheme = "https";
  w.request.fields = {{"Connection", "close, X-Local-One, X-Local-Two"},
                      {"X-Local-One", "1"},
                      {"Cookie", "a=b"},
                      {"X-Forwarded-For", "203.0.113.9"},
                      {"Via", "1.1 front"},
                      {"STW-Authorization", "Basic QDo="},
                      {"User-Agent", "something long enough to be no short string at all"}};
  w.route.request_headers = {
      rule(settings::HeaderAction::set, "X-Caller", {variable(settings::Variable::client_ip), literal(" over TLS")})};
  std::string out;
  EXPECT_EQ(allocations_of_second_run([&] {
              out.clear();
              append_request_head(w.facts, w.target.path, {http::BodyKind::length, 123456}, out);
            }),
            0U);
}

TEST(SteadyState, AReplyHeadAllocatesNothing) {
  World w;
  w.route.hsts = "max-age=31536000";
  w.route.path = "/app";
  w.route.strip_prefix = true;
  w.reply.fields = {
      {"Connection", "X-Local"}, {"X-Local", "1"}, {"Location", "http://192.168.0.10:444/somewhere/else"}, {"Via", "1.1 inner"}};
  w.route.reply_headers = {rule(settings::HeaderAction::add, "X-Server", {variable(settings::Variable::server_name)})};
  std::string out;
  EXPECT_EQ(allocations_of_second_run([&] {
              out.clear();
              append_reply_head(w.facts, w.reply, ReplyFraming::length, 123456, true, out);
            }),
            0U);
}

TEST(SteadyState, FindingARouteAndItsTargetAllocatesNothing) {
  settings::Settings settings;
  settings.servers.resize(1);
  settings.routes.resize(64);
  for (auto& route : settings.routes) route.path = "/a-path-that-is-no-short-string";
  settings.routes.back().host = "*.example.cz";
  settings.routes.back().rewrite_prefix = "/another-path-that-is-no-short-string";
  World w;
  w.target.path = "/a-path-that-is-no-short-string/x";
  w.target.decoded = w.target.path;
  std::string out;
  std::string scratch;
  const settings::Route* found = nullptr;
  EXPECT_EQ(allocations_of_second_run([&] {
              found = find(settings, 0, "ucto.example.cz", w.target.decoded);
              out.clear();
              append_upstream_target(*found, w.target, out);
              out += server_path(*found, w.target, scratch);
            }),
            0U);
  EXPECT_EQ(found, &settings.routes.back());
}

TEST(SteadyState, ChoosingARouteInEveryReadingAllocatesNothing) {
  settings::Settings settings;
  settings.servers.resize(1);
  settings.routes.resize(20);
  for (std::size_t i = 0; i < settings.routes.size(); ++i) {
    settings.routes[i].path = "/a-path-that-is-no-short-string-" + std::to_string(i);
    settings.routes[i].clients = {i};
  }
  settings.routes.back().path = "/";
  const Prefixes prefixes = make_prefixes(settings);
  World w;
  for (const char* path :
       {"/a-path-that-is-no-short-string-1/x", "/A-PATH", "/a%2541//\xC3\xA1\xE1;x/(S(some-longer-ticket))y/%25u0041/and/so/on"}) {
    w.request.target = path;
    w.request.host = "a";
    w.request.has_host = true;
    http::Target target;
    bool taken = false;
    EXPECT_EQ(allocations_of_second_run([&] {
                taken =
                    http::read_target(w.request, true, 443, target).ok() && choose(settings, prefixes, 0, target.host, target).ok();
              }),
              0U);
    EXPECT_TRUE(taken) << path;
  }
}

} // namespace
} // namespace ledgergate::route
