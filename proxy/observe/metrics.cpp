#include "observe/metrics.h"

#include "base/error.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <limits>

namespace ledgergate::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::initializer_list<ClientMetric::Label>;

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.type = type;
  return out;
}

ClientMetric& add(MetricFamily& to, Labels labels) {
  ClientMetric metric;
  metric.label = labels;
  to.metric.push_back(std::move(metric));
  return to.metric.back();
}

void count(MetricFamily& to, Labels labels, std::uint64_t value) { add(to, labels).counter.value = static_cast<double>(value); }
void gauge(MetricFamily& to, Labels labels, double value) { add(to, labels).gauge.value = value; }

template <class Get>
std::uint64_t sum(const Tally& tally, Get get) {
  std::uint64_t out = 0;
  for (const Shard& shard : tally.shards()) out += get(shard).load(std::memory_order_relaxed);
  return out;
}

void histogram(MetricFamily& to, const std::string& route, const Tally& tally, const Histogram Shard::*which) {
  prometheus::ClientMetric::Histogram out;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= kBuckets.size(); ++i) {
    total += sum(tally, [&](const Shard& shard) -> const Count& { return (shard.*which).counts[i]; });
    const bool last = i == kBuckets.size();
    out.bucket.push_back({total, last ? std::numeric_limits<double>::infinity() : static_cast<double>(kBuckets[i]) / 1e6});
  }
  out.sample_count = total;
  out.sample_sum =
      static_cast<double>(sum(tally, [&](const Shard& shard) -> const Count& { return (shard.*which).sum_micros; })) / 1e6;
  if (total != 0) add(to, {{"route", route}}).histogram = std::move(out);
}

void per_route(const Tallies& tallies, std::vector<MetricFamily>& out) {
  auto requests = family("ledgergate_requests_total", "Requests, by the status that was sent (none: the connection was cut)",
                         MetricType::Counter);
  auto failures =
      family("ledgergate_failures_total", "Requests that failed, by side and cause (docs/errors.md)", MetricType::Counter);
  auto outcomes = family("ledgergate_outcomes_total", "Replies, by what they say themselves of the request (docs/operations.md)",
                         MetricType::Counter);
  auto bytes = family("ledgergate_bytes_total", "Body bytes from (in) and to (out) callers", MetricType::Counter);
  auto duration = family("ledgergate_request_seconds", "From a whole head to the end of its answer", MetricType::Histogram);
  auto turn = family("ledgergate_turn_wait_seconds", "Waiting for a turn at a server of few places", MetricType::Histogram);
  static constexpr std::array<const char*, 6> kStatuses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (const auto& [route, tally] : tallies.all()) {
    for (std::size_t i = 0; i < kStatuses.size(); ++i)
      if (const auto value = sum(*tally, [&](const Shard& shard) -> const Count& { return shard.statuses[i]; }); value != 0)
        count(requests, {{"route", route}, {"status", kStatuses[i]}}, value);
    for (std::size_t i = 0; i < kCauseCount; ++i) {
      const auto value = sum(*tally, [&](const Shard& shard) -> const Count& { return shard.causes[i]; });
      if (value == 0) continue;
      const CauseInfo& info = describe(static_cast<Cause>(i));
      count(failures, {{"route", route}, {"side", std::string(to_string(info.side))}, {"cause", std::string(info.name)}}, value);
    }
    for (std::size_t i = 0; i < kOutcomeCount; ++i)
      if (const auto value = sum(*tally, [&](const Shard& shard) -> const Count& { return shard.outcomes[i]; }); value != 0)
        count(outcomes, {{"route", route}, {"outcome", std::string(to_string(static_cast<Outcome>(i)))}}, value);
    count(bytes, {{"route", route}, {"direction", "in"}},
          sum(*tally, [](const Shard& shard) -> const Count& { return shard.bytes_in; }));
    count(bytes, {{"route", route}, {"direction", "out"}},
          sum(*tally, [](const Shard& shard) -> const Count& { return shard.bytes_out; }));
    histogram(duration, route, *tally, &Shard::duration);
    histogram(turn, route, *tally, &Shard::turn);
  }
  for (auto* each : {&requests, &failures, &outcomes, &bytes, &duration, &turn})
    if (!each->metric.empty()) out.push_back(std::move(*each));
}

} // namespace

std::string metrics_text(const Tallies& tallies, const Gauges& gauges) {
  std::vector<MetricFamily> out;
  auto build = family("ledgergate_build_info", "The version that runs", MetricType::Gauge);
  gauge(build, {{"version", gauges.version}}, 1);
  out.push_back(std::move(build));
  per_route(tallies, out);

  auto connections = family("ledgergate_connections", "Open connections of callers", MetricType::Gauge);
  for (const auto& each : gauges.listeners) gauge(connections, {{"listener", each.name}}, each.connections);
  out.push_back(std::move(connections));

  auto shed =
      family("ledgergate_connections_shed_total", "Connections that were ended because memory was short", MetricType::Counter);
  count(shed, {{"caller", "stranger"}}, gauges.strangers_shed);
  count(shed, {{"caller", "client"}}, gauges.clients_shed);
  out.push_back(std::move(shed));

  auto up = family("ledgergate_server_up", "1: requests go there; 0: it is down, or open on the wrong company", MetricType::Gauge);
  for (const auto& each : gauges.servers) gauge(up, {{"server", each.name}}, each.up ? 1 : 0);
  if (!up.metric.empty()) out.push_back(std::move(up));

  auto waiting = family("ledgergate_turns_waiting", "Requests in line for a server of few places", MetricType::Gauge);
  auto taken = family("ledgergate_turns_taken", "Places in use", MetricType::Gauge);
  auto places = family("ledgergate_turns_places", "Places there are", MetricType::Gauge);
  for (const auto& each : gauges.servers) {
    if (!each.bounded) continue;
    gauge(waiting, {{"server", each.name}}, static_cast<double>(each.waiting));
    gauge(taken, {{"server", each.name}}, each.taken);
    gauge(places, {{"server", each.name}}, each.places);
  }
  for (auto* each : {&waiting, &taken, &places})
    if (!each->metric.empty()) out.push_back(std::move(*each));

  auto spool = family("ledgergate_spool_bytes", "Bodies kept at the edge", MetricType::Gauge);
  gauge(spool, {{"where", "memory"}}, static_cast<double>(gauges.spool_memory));
  gauge(spool, {{"where", "files"}}, static_cast<double>(gauges.spool_files));
  out.push_back(std::move(spool));

  auto bans = family("ledgergate_bans", "Pairs of address and account that are locked out now", MetricType::Gauge);
  gauge(bans, {}, static_cast<double>(gauges.bans));
  auto addresses = family("ledgergate_known_addresses", "Addresses whose limits are remembered", MetricType::Gauge);
  gauge(addresses, {}, static_cast<double>(gauges.addresses));
  auto bans_ever = family("ledgergate_bans_total", "Lock-outs, ended and lifted ones too", MetricType::Counter);
  count(bans_ever, {}, gauges.bans_ever);
  auto failed = family("ledgergate_failed_logins_total", "Failed logins at the edge, and 401s of servers to a caller's own login",
                       MetricType::Counter);
  count(failed, {}, gauges.failed_logins);
  auto hashes = family("ledgergate_password_hashes_total", "Passwords that had to be hashed to be verified", MetricType::Counter);
  count(hashes, {}, gauges.password_hashes);
  for (auto* each : {&bans, &addresses, &bans_ever, &failed, &hashes}) out.push_back(std::move(*each));

  auto dropped =
      family("ledgergate_log_lines_dropped_total", "Log lines lost because their target did not take them", MetricType::Counter);
  count(dropped, {}, gauges.log_lines_dropped);
  out.push_back(std::move(dropped));
  return prometheus::TextSerializer().Serialize(out);
}

} // namespace ledgergate::observe
