#include "command/check.h"

#include "command/judge_as.h"
#include "process/problems.h"

#include <cstdio>
#include <utility>

namespace ledgergate {

int check(const Loader& load, const std::string& file, const std::string& user, const Question& question) {
  const ServiceUnit unit = read_service_unit("/");
  const bool installed = is_installed(file); // of a draft nobody knows who will run it
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
  if (std::string refused = refused_by_unit(*loaded.settings, unit); !refused.empty())
    (installed ? problems.errors : problems.warnings).push_back(std::move(refused));
  print(problems);
  if (!snapshot || !problems.errors.empty()) return kExitSettings;
  if (question.method.empty()) {
    std::printf("ok\n");
    return kExitFine;
  }
  std::string answer;
  const bool answered = explain(snapshot, question, answer);
  std::fprintf(answered ? stdout : stderr, "%s%s", answered ? "" : "ledgergate check: ", answer.c_str());
  return answered ? kExitFine : kExitSettings;
}

} // namespace ledgergate
