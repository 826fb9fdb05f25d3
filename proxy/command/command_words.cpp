#include "command/command_words.h"

#include "settings/problems.h"
#include "settings/suggest.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace ledgergate {

namespace {

// "--config" and so on, of a command and of its groups.
void add_options(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* each) { return each->get_name().empty(); }))
    add_options(*group, names);
}

// The first of the words that should be an option of the command, is none, and is like one.
std::string unknown_option(const CLI::App& app, int argc, const char* const* argv, int from) {
  std::vector<std::string> names;
  add_options(app, names);
  for (int i = from; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    const std::string_view name = word.substr(0, word.find('='));
    if (!name.starts_with("--") || std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string meant = settings::did_you_mean(name, names);
    if (!meant.empty()) return "unknown option " + settings::quote(name) + meant;
  }
  return "";
}

} // namespace

std::string unknown_command(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  std::string path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto commands =
        at->get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); }); // groups have no name
    if (commands.empty() || word.starts_with('-')) return unknown_option(*at, argc, argv, i);
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
