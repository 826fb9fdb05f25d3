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
  std::shared_ptr<ServerTurns>& lines = lines_[place];
  if (lines == nullptr) lines = std::make_shared<ServerTurns>(server_at(place, settings));
  return lines;
}

void TurnTable::apply(const settings::Settings& settings) {
  for (const settings::Server& server : settings.servers)
    if (const auto found = lines_.find(server.place); found != lines_.end())
      found->second->apply(server_at(server.place, settings));
  std::erase_if(lines_,
                [](const auto& each) { return each.second == nullptr || (each.second.use_count() == 1 && each.second->empty()); });
}

} // namespace ledgergate::upstream
