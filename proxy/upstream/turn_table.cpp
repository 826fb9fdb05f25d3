#include "upstream/turn_table.h"

#include "settings/same_server.h"

#include <vector>

namespace ledgergate::upstream {
namespace {

// All names of one place as one server.
settings::Server server_at(const std::string& place, const settings::Settings& settings) {
  std::vector<const settings::Server*> names;
  for (const settings::Server& server : settings.servers)
    if (server.place == place) names.push_back(&server);
  return settings::as_one(names);
}

} // namespace

std::shared_ptr<ServerTurns> TurnTable::at(const std::string& place, const settings::Settings& settings) {
  if (const auto known = lines_.find(place); known != lines_.end()) return known->second;
  return lines_.emplace(place, std::make_shared<ServerTurns>(server_at(place, settings))).first->second;
}

TurnTable::Change TurnTable::prepare(const settings::Settings& settings) const {
  Change change;
  for (const settings::Server& server : settings.servers) {
    const auto found = lines_.find(server.place);
    if (found == lines_.end()) continue;
    change.emplace_back(found->second, server_at(server.place, settings));
    found->second->prepare(change.back().second);
  }
  return change;
}

void TurnTable::apply(Change& change) noexcept {
  for (const auto& [lines, server] : change) lines->apply(server);
  change.clear();
  std::erase_if(lines_, [](const auto& each) { return each.second.use_count() == 1 && each.second->empty(); });
}

} // namespace ledgergate::upstream
