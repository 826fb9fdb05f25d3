#include "process/problems.h"

#include "settings/units.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace ledgergate {
namespace {

bool of_rights(const std::string& text) {
  static const std::string kWords = std::generic_category().message(EACCES);
  return text.find(kWords) != std::string::npos;
}

constexpr std::string_view kOfLog = "can't open the access log ";

void print_hint(bool of_log) {
  const std::string user = effective_user();
  if (of_log) {
    std::fprintf(
        stderr,
        "note: this is what user %s may write. A log is the service's own: let it be in /var/log/ledgergate, which systemd "
        "gives to the service, or chown ledgergate FILE, or its directory where it is not there yet\n",
        user.c_str());
    return;
  }
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
  if (rights) print_hint(false);
}

void print(const SnapshotProblems& problems) {
  bool rights = false, rights_to_log = false;
  for (const auto& text : problems.warnings) std::fprintf(stderr, "warning: %s\n", text.c_str());
  for (const auto& text : problems.errors) {
    std::fprintf(stderr, "error: %s\n", text.c_str());
    (text.starts_with(kOfLog) ? rights_to_log : rights) |= of_rights(text);
  }
  if (rights) print_hint(false);
  if (rights_to_log) print_hint(true);
}

namespace {

std::string by(const ServiceUnit& unit) { return " (ProtectSystem=strict of " + unit.file + ")"; }

std::string cut_by_unit(std::chrono::milliseconds drain, const ServiceUnit& unit) {
  if (!unit.timeout_stop || drain + kLastResort < *unit.timeout_stop) return "";
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(*unit.timeout_stop);
  return "`timeouts.drain` is " + settings::duration_text(drain) + ", but systemd kills the service " +
         settings::duration_text(most) + " after it was told to stop (TimeoutStopSec" +
         (unit.file.empty() ? " of the unit" : " of " + unit.file) + "): requests would be cut. Let TimeoutStopSec be more than " +
         settings::duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(drain + kLastResort)) +
         " (systemctl edit ledgergate), or the drain shorter";
}

} // namespace

std::vector<std::string> doubts_of_unit(const settings::Settings& settings, const ServiceUnit& unit) {
  std::vector<std::string> doubts;
  if (std::string cut = cut_by_unit(settings.timeouts.drain, unit); !cut.empty()) doubts.push_back(std::move(cut));
  if (!lets_write(unit, settings.spool.directory))
    doubts.push_back("`spool.directory` is " + settings.spool.directory + ", where the service may write nothing" + by(unit) +
                     ": large bodies go to /tmp. Name it in ReadWritePaths= (systemctl edit ledgergate)");
  return doubts;
}

std::string refused_by_unit(const settings::Settings& settings, const ServiceUnit& unit) {
  const std::string& log = settings.log.access;
  if (log.find('/') == std::string::npos || lets_write(unit, log)) return "";
  return "`log.access` is " + log + ", where the service may write nothing" + by(unit) +
         ": it would not start. Let it be in /var/log/ledgergate, or name its directory in ReadWritePaths= (systemctl edit "
         "ledgergate)";
}

std::string effective_user() {
  const passwd* const found = ::getpwuid(::geteuid()); // NOLINT(concurrency-mt-unsafe)
  return found != nullptr ? found->pw_name : std::to_string(::geteuid());
}

} // namespace ledgergate
