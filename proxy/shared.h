// What all workers share besides the snapshot, for as long as the process lives. Each member is safe by itself: see its header.
#pragma once

#include "capacity.h"
#include "observe/log_ring.h"
#include "observe/tally.h"

namespace ledgergate {

struct Shared {
  Capacity capacity;
  observe::Tallies tallies;
  observe::LogWriter log;
};

} // namespace ledgergate
