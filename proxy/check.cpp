#include "check.h"

#include "server.h"

#include <cstdio>

namespace ledgergate {

void print(const settings::Loaded& loaded) {
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.format().c_str());
}

void print(const SnapshotProblems& problems) {
  for (const auto& text : problems.warnings) std::fprintf(stderr, "warning: %s\n", text.c_str());
  for (const auto& text : problems.errors) std::fprintf(stderr, "error: %s\n", text.c_str());
}

int check(const Loader& load) {
  const auto loaded = load();
  print(loaded);
  if (!loaded.settings) return kExitSettings;
  listen::TicketKeys keys;
  upstream::TurnTable turns;
  SnapshotProblems problems;
  const auto snapshot = make_snapshot(loaded.settings, keys, turns, nullptr, problems);
  print(problems);
  if (!snapshot) return kExitSettings;
  std::printf("ok\n");
  return kExitFine;
}

} // namespace ledgergate
