// The listening sockets of the whole process: which doors are open, which sockets systemd handed over, and what is to be opened for
// a new snapshot. Main thread only; each worker opens and closes its own doors (door.h) by the orders it is given.
#pragma once

#include "listen/sockets.h"
#include "serve/worker.h"
#include "state/snapshot.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ledgergate {

using DoorOrders = std::vector<std::vector<DoorOrder>>; // by worker

class DoorKeeper {
public:
  // What systemd handed over (sd_listen_fds(3)). Once, before the first open().
  void take_over();
  // Opens what the snapshot wants and is not open yet, for each worker. False: `error` says what can't be opened. What is not
  // handed over in the end is closed with its order.
  [[nodiscard]] bool open(const Snapshot& snapshot, std::size_t workers, DoorOrders& orders, std::string& error) const;
  // What is open behind these orders, by key.
  [[nodiscard]] static std::vector<std::string> keys_of(const DoorOrders& orders);
  // The workers are about to get the orders that these keys are of: they say from here on what is open.
  void handed_over(std::vector<std::string>& keys) noexcept { doors_.swap(keys); }

private:
  std::vector<std::string> doors_; // keys of the doors that are open
  std::vector<listen::Activated> activated_;

  [[nodiscard]] listen::Sockets open_one(const settings::Listener& listener, std::size_t workers) const;
  void warn_of_idle_sockets(const Snapshot& snapshot) const;
};

} // namespace ledgergate
