// Holds the cause table to RFC 9209 and to the statuses that a caller may see.
#include "base/error.h"
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace {

using namespace ledgergate;

constexpr auto kLast = static_cast<std::size_t>(Cause::upgrade_failed);

template <class Check>
void for_every_cause(Check check) {
  for (std::size_t i = 0; i <= kLast; ++i) {
    const auto cause = static_cast<Cause>(i);
    SCOPED_TRACE(describe(cause).name);
    check(cause, describe(cause));
  }
}

TEST(CauseTable, EveryCauseDescribesItself) {
  for_every_cause([](Cause cause, const CauseInfo& info) {
    EXPECT_EQ(info.cause, cause);
    EXPECT_FALSE(info.name.empty());
    EXPECT_FALSE(info.text.empty());
    EXPECT_EQ(info.text.back(), '.');
  });
}

TEST(CauseTable, NamesAreUnique) {
  std::set<std::string_view> names;
  for_every_cause([&](Cause, const CauseInfo& info) { EXPECT_TRUE(names.insert(info.name).second); });
}

TEST(CauseTable, UsesOnlyErrorTypesOfRfc9209) {
  const std::set<std::string_view> registered{"dns_timeout",
                                              "dns_error",
                                              "destination_not_found",
                                              "destination_unavailable",
                                              "destination_ip_prohibited",
                                              "destination_ip_unroutable",
                                              "connection_refused",
                                              "connection_terminated",
                                              "connection_timeout",
                                              "connection_read_timeout",
                                              "connection_write_timeout",
                                              "connection_limit_reached",
                                              "tls_protocol_error",
                                              "tls_certificate_error",
                                              "tls_alert_received",
                                              "http_request_error",
                                              "http_request_denied",
                                              "http_response_incomplete",
                                              "http_response_header_section_size",
                                              "http_response_header_size",
                                              "http_response_body_size",
                                              "http_response_trailer_section_size",
                                              "http_response_trailer_size",
                                              "http_response_transfer_coding",
                                              "http_response_content_coding",
                                              "http_response_timeout",
                                              "http_upgrade_failed",
                                              "http_protocol_error",
                                              "proxy_internal_response",
                                              "proxy_internal_error",
                                              "proxy_configuration_error",
                                              "proxy_loop_detected"};
  for_every_cause([&](Cause, const CauseInfo& info) { EXPECT_TRUE(registered.contains(info.proxy_error)) << info.proxy_error; });
}

// A client that retries on 503 does so because nothing was forwarded: only the edge itself may say it. 502 and 504 are the
// server's.
TEST(CauseTable, TheStatusFitsTheSide) {
  const std::set<int> caller{0, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 421, 429, 431, 501, 505};
  for_every_cause([&](Cause, const CauseInfo& info) {
    switch (info.side) {
    case Side::client: EXPECT_TRUE(caller.contains(info.status)) << info.status; break;
    case Side::edge: EXPECT_TRUE(info.status == 500 || info.status == 503 || info.status == 507) << info.status; break;
    case Side::upstream: EXPECT_TRUE(info.status == 502 || info.status == 504) << info.status; break;
    }
  });
}

TEST(CauseTable, EveryTimeoutOfTheServerIs504AndNothingElseIs) {
  for_every_cause([](Cause, const CauseInfo& info) {
    const bool waited = info.name.ends_with("_timeout") || info.name == "reply_stalled";
    EXPECT_EQ(info.status == 504, info.side == Side::upstream && waited);
  });
}

TEST(CauseTable, TheMappingThatClientsRelyOn) {
  EXPECT_EQ(describe(Cause::client_head_timeout).status, 408);
  EXPECT_EQ(describe(Cause::client_body_timeout).status, 408);
  EXPECT_EQ(describe(Cause::head_too_large).status, 431);
  EXPECT_EQ(describe(Cause::target_too_long).status, 414);
  EXPECT_EQ(describe(Cause::body_too_large).status, 413);
  EXPECT_EQ(describe(Cause::connect_refused).status, 502);
  EXPECT_EQ(describe(Cause::upstream_reset).status, 502);
  EXPECT_EQ(describe(Cause::dns_error).status, 502);
  EXPECT_EQ(describe(Cause::upstream_certificate).status, 502);
  EXPECT_EQ(describe(Cause::reply_truncated).status, 502);
  EXPECT_EQ(describe(Cause::connect_timeout).status, 504);
  EXPECT_EQ(describe(Cause::reply_timeout).status, 504);
  EXPECT_EQ(describe(Cause::no_capacity).status, 503);
  EXPECT_EQ(describe(Cause::client_gone).status, 0);
}

TEST(Side, HasAWordForTheLog) {
  EXPECT_EQ(to_string(Side::client), "client");
  EXPECT_EQ(to_string(Side::edge), "edge");
  EXPECT_EQ(to_string(Side::upstream), "upstream");
}

TEST(Result, HoldsAValueOrTheErrorInItsPlace) {
  Result<std::unique_ptr<int>> good(std::make_unique<int>(7));
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(**good, 7);
  const std::unique_ptr<int> taken = std::move(good.value());
  EXPECT_EQ(*taken, 7);

  const Result<std::unique_ptr<int>> bad(Error{Cause::dns_error, "no such name"});
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().cause, Cause::dns_error);
  EXPECT_EQ(bad.error().detail, "no such name");

  EXPECT_TRUE(Result<void>().ok());
  EXPECT_EQ(Result<void>(Error{Cause::draining}).error().cause, Cause::draining);
}

} // namespace
