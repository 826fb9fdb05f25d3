#include "state/generation.h"

#include <functional>

namespace ledgergate {

observe::Tally& Generation::tally(const settings::Route* route) const noexcept {
  const auto& routes = settings().routes;
  const std::less<const settings::Route*> before;
  const bool ours = !routes.empty() && !before(route, routes.data()) && before(route, routes.data() + routes.size());
  return *tallies[ours ? static_cast<std::size_t>(route - routes.data()) : routes.size()];
}

client::Meter& Generation::client_meter(const settings::Client& client) const noexcept {
  return *client_meters[static_cast<std::size_t>(&client - settings().clients.data())];
}

client::Meter& Generation::route_meter(const settings::Route& route) const noexcept {
  return *route_meters[static_cast<std::size_t>(&route - settings().routes.data())];
}

} // namespace ledgergate
