#include "observe/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace ledgergate::observe {
namespace {

AccessRecord record(std::uint16_t status, std::int64_t micros) {
  AccessRecord out;
  out.status = status;
  out.total_micros = micros;
  out.bytes_in = 10;
  out.bytes_out = 100;
  return out;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, CountsRequestsByRouteAndClassOfStatusOverAllWorkers) {
  Tallies tallies;
  const auto till = tallies.of("till");
  till->add(0, record(200, 3'000));
  till->add(1, record(204, 7'000));
  till->add(9, record(502, 20'000));
  tallies.of("shop")->add(0, record(0, 1));
  const std::string text = metrics_text(tallies, {});
  EXPECT_TRUE(has_line(text, R"(ledgergate_requests_total{route="till",status="2xx"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_requests_total{route="till",status="5xx"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_requests_total{route="shop",status="none"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_bytes_total{route="till",direction="out"} 300)")) << text;
}

TEST(Metrics, NamesSideAndCauseOfFailures) {
  Tallies tallies;
  AccessRecord failed = record(504, 1'000'000);
  failed.failure = Error{Cause::reply_timeout};
  tallies.of("till")->add(0, failed);
  const std::string text = metrics_text(tallies, {});
  EXPECT_TRUE(has_line(text, R"(ledgergate_failures_total{route="till",side="upstream",cause="reply_timeout"} 1)")) << text;
}

TEST(Metrics, CountsWhatRepliesSayThemselves) {
  Tallies tallies;
  const auto till = tallies.of("till");
  for (const Outcome outcome : {Outcome::none, Outcome::ok, Outcome::error, Outcome::error, Outcome::unknown}) {
    AccessRecord one = record(200, 1);
    one.outcome = outcome;
    till->add(0, one);
  }
  const std::string text = metrics_text(tallies, {});
  EXPECT_TRUE(has_line(text, R"(ledgergate_outcomes_total{route="till",outcome="ok"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_outcomes_total{route="till",outcome="error"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_outcomes_total{route="till",outcome="unknown"} 1)")) << text;
  EXPECT_EQ(text.find(R"(outcome="none")"), std::string::npos);
}

TEST(Metrics, HistogramsAreCumulativeAndHoldTheirBounds) {
  Tallies tallies;
  AccessRecord waited = record(200, 5'000); // exactly a bound: inside it
  waited.turn_micros = 4'000'000'000;
  tallies.of("till")->add(0, waited);
  const std::string text = metrics_text(tallies, {});
  EXPECT_TRUE(has_line(text, R"(ledgergate_request_seconds_bucket{route="till",le="0.001"} 0)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_request_seconds_bucket{route="till",le="0.005"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_request_seconds_bucket{route="till",le="+Inf"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_request_seconds_sum{route="till"} 0.005)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_turn_wait_seconds_bucket{route="till",le="3600"} 0)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_turn_wait_seconds_bucket{route="till",le="+Inf"} 1)")) << text;
}

TEST(Metrics, ARouteWithoutTurnsHasNoTurnSeries) {
  Tallies tallies;
  tallies.of("open")->add(0, record(200, 1));
  EXPECT_EQ(metrics_text(tallies, {}).find("turn_wait_seconds_count{route=\"open\"}"), std::string::npos);
}

TEST(Metrics, NamesOfRoutesAreEscaped) {
  Tallies tallies;
  tallies.of("a\"b\\c\nd")->add(0, record(200, 1));
  EXPECT_NE(metrics_text(tallies, {}).find(R"(route="a\"b\\c\nd")"), std::string::npos);
}

TEST(Metrics, GaugesTellOfListenersAndTurns) {
  Gauges gauges;
  gauges.version = "1.2.3";
  gauges.listeners.push_back({"internet", 7});
  gauges.servers.push_back({"open", false, false, 0, 0, 0});
  gauges.servers.push_back({"pohoda", true, true, 3, 1, 1});
  gauges.spool_memory = 11;
  gauges.spool_files = 12;
  gauges.bans = 2;
  gauges.bans_ever = 3;
  gauges.failed_logins = 40;
  gauges.password_hashes = 41;
  gauges.addresses = 1000;
  gauges.log_lines_dropped = 5;
  gauges.strangers_shed = 6;
  gauges.clients_shed = 1;
  const std::string text = metrics_text(Tallies{}, gauges);
  EXPECT_TRUE(has_line(text, R"(ledgergate_build_info{version="1.2.3"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_connections{listener="internet"} 7)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_turns_waiting{server="pohoda"} 3)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_turns_taken{server="pohoda"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_spool_bytes{where="memory"} 11)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_spool_bytes{where="files"} 12)")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_log_lines_dropped_total 5")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_connections_shed_total{caller="stranger"} 6)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_connections_shed_total{caller="client"} 1)")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_bans 2")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_bans_total 3")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_failed_logins_total 40")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_password_hashes_total 41")) << text;
  EXPECT_TRUE(has_line(text, "ledgergate_known_addresses 1000")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_server_up{server="pohoda"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(ledgergate_server_up{server="open"} 0)")) << text;
  EXPECT_EQ(text.find("turns_waiting{server=\"open\""), std::string::npos) << text;
}

TEST(Tallies, TheSameNameIsTheSameTallyAndWorkersLoseNothing) {
  Tallies tallies;
  const auto tally = tallies.of("till");
  EXPECT_EQ(tally, tallies.of("till"));
  std::vector<std::thread> workers;
  for (std::size_t w = 0; w < 4; ++w)
    workers.emplace_back([&tallies, w] {
      for (int i = 0; i < 1000; ++i) tallies.of("till")->add(w * 8, record(200, 1)); // all in one shard
    });
  for (auto& worker : workers) worker.join();
  EXPECT_TRUE(has_line(metrics_text(tallies, {}), R"(ledgergate_requests_total{route="till",status="2xx"} 4000)"));
}

} // namespace
} // namespace ledgergate::observe
