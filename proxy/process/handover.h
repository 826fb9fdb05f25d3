// Going over to new settings: all of them, everywhere, or none. What it takes is made beforehand, on the main thread; the steps
// that make it count need no memory, and can't fail.
#pragma once

#include "process/door_keeper.h"
#include "process/make_room.h"
#include "serve/worker.h"
#include "state/shared.h"
#include "state/snapshot.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ledgergate {

// What lives as long as the process and has bounds, doors or stories of the settings in use. Main thread only.
struct InForce {
  Shared& shared;
  upstream::TurnTable& turns;
  DoorKeeper& doors;
  RoomMaker& room;
  std::vector<std::unique_ptr<Worker>>& workers;
  Rendezvous& everywhere; // all workers have gone over
};

class Handover {
public:
  // From `before` (null: at start) to `next`, with the doors that were opened for it. Throws std::bad_alloc, and nothing has
  // happened then.
  Handover(InForce& in_force, const Snapshot* before, std::shared_ptr<const Snapshot> next, DoorOrders orders);

  // Once, and not before all workers have done what the one before told them (`everywhere`): from here on the new snapshot is what
  // counts. Bounds that are kept across reloads become its own, each worker goes over to it as soon as its loop comes round, and
  // the log is told of the certificates that this has changed.
  std::shared_ptr<const Snapshot> commit() noexcept;

private:
  InForce& in_force_;
  std::shared_ptr<const Snapshot> next_;
  upstream::TurnTable::Change turns_;
  std::uint64_t memory_; // the budget in bytes
  std::vector<std::string> doors_, changes_;
  std::vector<std::shared_ptr<Worker::Takeover>> takeovers_; // as the workers
};

} // namespace ledgergate
