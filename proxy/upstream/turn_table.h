// The lines of all servers, by the place that a server is at (settings::Server::place), not by what the settings call it: two names
// of one server share them, and a name that a reload changes, takes away or gives to another server makes no second line.
//
// Invariants: main thread only. Lines that nobody's settings speak of any more are kept until nobody is in them: an entry goes only
// when no snapshot holds it (so nobody can come) and it is empty.
#pragma once

#include "settings/settings.h"
#include "upstream/server_turns.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream {

class TurnTable {
public:
  // The lines at the place of one of these servers, as they are, or new ones with the bounds of `settings`. Throws std::bad_alloc,
  // and nothing has happened then.
  [[nodiscard]] std::shared_ptr<ServerTurns> at(const std::string& place, const settings::Settings& settings);
  // What it takes to go over to other settings: the lines of each server, and that server under all its names.
  using Change = std::vector<std::pair<std::shared_ptr<ServerTurns>, settings::Server>>;
  // Nothing has changed yet. Throws std::bad_alloc.
  [[nodiscard]] Change prepare(const settings::Settings& settings) const;
  // From here on these are the settings in use: their bounds hold.
  void apply(Change& change) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }

private:
  std::map<std::string, std::shared_ptr<ServerTurns>> lines_; // no null in it
};

} // namespace ledgergate::upstream
