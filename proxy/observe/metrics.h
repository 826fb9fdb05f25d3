// The metrics as Prometheus reads them (text format 0.0.4). Any thread.
#pragma once

#include "observe/tally.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ledgergate::observe {

struct ListenerGauge {
  std::string name;
  std::uint32_t connections = 0;
};
struct ServerGauge {
  std::string name;
  bool up = true;       // requests go there
  bool bounded = false; // has a line
  std::size_t waiting = 0;
  std::uint32_t taken = 0, places = 0;
};

struct Gauges {
  std::string version;
  std::vector<ListenerGauge> listeners;
  std::vector<ServerGauge> servers;
  std::uint64_t spool_memory = 0, spool_files = 0; // bytes held
  std::size_t bans = 0, addresses = 0;             // in force; remembered for their limits
  std::uint64_t bans_ever = 0, failed_logins = 0, password_hashes = 0;
  std::uint64_t log_lines_dropped = 0;
  std::uint64_t strangers_shed = 0, clients_shed = 0; // connections ended beyond limits.memory
};

// Names: ledgergate_requests_total{route,status}, ledgergate_failures_total{route,side,cause},
// ledgergate_bytes_total{route,direction}, ledgergate_request_seconds and ledgergate_turn_wait_seconds (histograms by route),
// ledgergate_connections{listener}, ledgergate_connections_shed_total{caller}, ledgergate_server_up{server},
// ledgergate_turns_waiting / _taken / _places{server}, ledgergate_spool_bytes{where}, ledgergate_bans, ledgergate_bans_total,
// ledgergate_failed_logins_total, ledgergate_password_hashes_total, ledgergate_known_addresses, ledgergate_log_lines_dropped_total,
// ledgergate_build_info{version}.
[[nodiscard]] std::string metrics_text(const Tallies& tallies, const Gauges& gauges);

} // namespace ledgergate::observe
