#include "check.h"

#include "judge_as.h"
#include "server.h"
#include "settings/units.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace ledgergate {
namespace {

bool of_rights(const std::string& text) {
  static const std::string kWords = std::generic_category().message(EACCES);
  return text.find(kWords) != std::string::npos;
}

void print_hint() {
  const std::string user = effective_user();
  std::fprintf(
      stderr,
      "note: this is what user %s may read. Files for the service are root:ledgergate 0640, their directories 0750 or wider: "
      "chown root:ledgergate FILE && chmod 640 FILE\n",
      user.c_str());
}

} // namespace

void print(const settings::Loaded& loaded) {
  bool rights = false;
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "%s\n", problem.format().c_str());
    rights = rights || of_rights(problem.text);
  }
  if (rights) print_hint();
}

void print(const SnapshotProblems& problems) {
  bool rights = false;
  for (const auto& text : problems.warnings) std::fprintf(stderr, "warning: %s\n", text.c_str());
  for (const auto& text : problems.errors) {
    std::fprintf(stderr, "error: %s\n", text.c_str());
    rights = rights || of_rights(text);
  }
  if (rights) print_hint();
}

std::vector<std::string> doubts_of_unit(const settings::Settings& settings, const ServiceUnit& unit) {
  const std::chrono::milliseconds drain = settings.timeouts.drain;
  if (!unit.timeout_stop || drain + kLastResort < *unit.timeout_stop) return {};
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(*unit.timeout_stop);
  return {"`timeouts.drain` is " + settings::duration_text(drain) + ", but systemd kills the service " +
          settings::duration_text(most) + " after it was told to stop (TimeoutStopSec" +
          (unit.file.empty() ? " of the unit" : " of " + unit.file) + "): requests would be cut. Let TimeoutStopSec be more than " +
          settings::duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(drain + kLastResort)) +
          " (systemctl edit ledgergate), or the drain shorter"};
}

int check(const Loader& load, const std::string& file, const std::string& user) {
  const ServiceUnit unit = read_service_unit("/");
  std::string doubt, why;
  if (!judge_as(user, unit, file, doubt, why)) {
    std::fprintf(stderr, "ledgergate check: %s\n", why.c_str());
    return kExitSettings;
  }
  if (!doubt.empty()) std::fprintf(stderr, "warning: %s\n", doubt.c_str());
  const auto loaded = load();
  print(loaded);
  if (!loaded.settings) return kExitSettings;
  listen::TicketKeys keys;
  upstream::TurnTable turns;
  SnapshotProblems problems;
  const auto snapshot = make_snapshot(loaded.settings, keys, turns, nullptr, problems);
  for (std::string& each : doubts_of_unit(*loaded.settings, unit)) problems.warnings.push_back(std::move(each));
  print(problems);
  if (!snapshot) return kExitSettings;
  std::printf("ok\n");
  return kExitFine;
}

} // namespace ledgergate
