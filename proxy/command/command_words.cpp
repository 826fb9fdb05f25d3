#include "command/command_words.h"

#include "settings/problems.h"
#include "settings/suggest.h"

#include <CLI/CLI.hpp>

#include <string_view>
#include <vector>

namespace ledgergate {

std::string unknown_command(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  std::string path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto commands =
        at->get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); }); // groups have no name
    if (commands.empty() || word.starts_with('-')) return "";                                // what follows is the command's own
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const CLI::App* each : commands) {
      names.push_back(each->get_name());
      if (each->get_name() == word) next = each;
    }
    if (next == nullptr) {
      const std::string meant = settings::did_you_mean(word, names);
      return "unknown command " + settings::quote(path + std::string(word)) +
             (meant.empty() ? ": `ledgergate " + path + "--help` names them" : meant);
    }
    path += std::string(word) + ' ';
    at = next;
  }
  return "";
}

} // namespace ledgergate
