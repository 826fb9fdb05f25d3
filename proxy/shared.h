// What all workers share besides the snapshot, for as long as the process lives. Each member is safe by itself: see its header.
#pragma once

#include "capacity.h"
#include "http/spool_budget.h"
#include "observe/log_ring.h"
#include "observe/tally.h"

namespace ledgergate {

struct Shared {
  Capacity capacity;
  http::SpoolBudget spool; // its bounds are the newest settings'
  observe::Tallies tallies;
  observe::LogWriter log;
};

} // namespace ledgergate
