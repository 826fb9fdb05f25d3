// A snapshot with what one worker hangs on it. A connection keeps the generation its current request began with.
#pragma once

#include "client/meter.h"
#include "observe/tally.h"
#include "state/snapshot.h"
#include "upstream/pool.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace ledgergate {

struct Generation : std::enable_shared_from_this<Generation> {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<std::shared_ptr<upstream::Pool>> pools;                      // by server
  std::vector<std::shared_ptr<observe::Tally>> tallies;                    // by route; the last: of requests that found none
  std::vector<std::shared_ptr<client::Meter>> client_meters, route_meters; // as in settings
  [[nodiscard]] const settings::Settings& settings() const { return *snapshot->settings; }
  [[nodiscard]] upstream::Pool& pool(std::size_t server) const { return *pools[server]; }
  [[nodiscard]] client::Meter& client_meter(const settings::Client& client) const noexcept;
  [[nodiscard]] client::Meter& route_meter(const settings::Route& route) const noexcept;
  // `route` may be any: one that is not of these settings stands for none.
  [[nodiscard]] observe::Tally& tally(const settings::Route* route) const noexcept;
  [[nodiscard]] const listen::TlsFront* front(std::size_t listener) const { return snapshot->listeners[listener].front.get(); }
};

} // namespace ledgergate
