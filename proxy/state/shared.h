// What all workers share besides the snapshot, for as long as the process lives. Each member is safe by itself: see its header.
#pragma once

#include "client/address_table.h"
#include "client/lockout.h"
#include "client/meters.h"
#include "client/password_checks.h"
#include "http/spool_budget.h"
#include "observe/log_ring.h"
#include "observe/tally.h"
#include "state/capacity.h"
#include "state/shedding.h"
#include "upstream/address_lines.h"
#include "upstream/relief.h"

#include <atomic>
#include <vector>

namespace ledgergate {

struct Shared {
  std::atomic<bool> short_of_memory{false}; // beyond limits.memory: requests of strangers get 503
  Shedding shedding;                        // and who has to go
  Capacity capacity;
  std::vector<upstream::Relief*> reliefs; // one a worker
  http::SpoolBudget spool;                // its bounds are the newest settings'
  observe::Tallies tallies;
  observe::LogWriter log;
  client::AddressTable addresses{settings::ClientTable{}.entries};
  client::Lockout lockout;
  client::PasswordChecks passwords;
  client::Meters meters;
  upstream::AddressLines addresses_of_servers;
};

} // namespace ledgergate
