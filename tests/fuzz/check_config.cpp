#include "checks.h"
#include "require.h"
#include "settings/load.h"

#include <algorithm>

namespace ledgergate::fuzz {
namespace {

void check_problems(const std::vector<settings::Problem>& problems, std::string_view bytes) {
  const auto lines =
      static_cast<int>(std::count(bytes.begin(), bytes.end(), '\n') + std::count(bytes.begin(), bytes.end(), '\r')) + 2;
  for (const settings::Problem& problem : problems) {
    require(!problem.text.empty(), "a mistake says what it is");
    const bool count_of_the_rest = problem.text.starts_with("and ") && problem.text.ends_with(" more");
    const bool of_whole_file = problem.text.starts_with("the file is empty") ||
                               problem.text.starts_with("there are only comments in the file") || count_of_the_rest;
    if (problem.file == "edge.yaml" && !of_whole_file) {
      require(problem.line >= 1 && problem.column >= 1, "and where");
      require(problem.line <= lines && problem.column <= static_cast<int>(bytes.size()) + 1, "inside that file");
    }
    const std::string line = problem.format();
    require(line.size() <= 2000 && line.find_first_of(std::string_view("\r\n\0\x1B", 4)) == std::string::npos, "in one plain line");
  }
}

} // namespace

void check_config(std::string_view bytes) {
  const settings::Loaded loaded = settings::load_text(bytes, "edge.yaml");
  const bool wrong = std::any_of(loaded.problems.begin(), loaded.problems.end(), [](const auto& each) { return !each.warning; });
  require(wrong == (loaded.settings == nullptr), "settings that are not wrong are there");
  check_problems(loaded.problems, bytes);
  check_problems(settings::check_clients(bytes, "edge.yaml"), bytes);
  if (!loaded.settings) return;
  // What the program counts on.
  const settings::Settings& made = *loaded.settings;
  require(!made.listeners.empty(), "there is something to serve");
  for (const auto& route : made.routes) {
    require(route.server < made.servers.size() && route.path.starts_with('/'), "a route leads somewhere");
    require(route.anonymous || route.any_client || !route.clients.empty(), "and says for whom");
    for (const std::size_t index : route.listeners) require(index < made.listeners.size(), "through a door that is there");
    for (const std::size_t index : route.clients) require(index < made.clients.size(), "for clients that are there");
    for (const auto& unit : route.units) require(unit.second < made.servers.size(), "to units that are there");
  }
}

} // namespace ledgergate::fuzz
