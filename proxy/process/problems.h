// What is wrong with settings and certificates, for people: `ledgergate check`, and the start's own words.
#pragma once

#include "process/service_unit.h"
#include "settings/load.h"
#include "state/snapshot.h"

#include <chrono>
#include <string>
#include <vector>

namespace ledgergate {

// Behind the end of a drain, for what does not end at once.
inline constexpr std::chrono::seconds kLastResort{5};

// On stderr, a problem a line; behind those of files that can't be read, who must be able to and what makes it so.
void print(const settings::Loaded& loaded);
void print(const SnapshotProblems& problems);

// Where settings and the installed unit don't go together: a drain that systemd would cut, a spool that it lets nobody write.
[[nodiscard]] std::vector<std::string> doubts_of_unit(const settings::Settings& settings, const ServiceUnit& unit);
// "" or why the service would not start with them: its access log is where the unit lets it write nothing.
[[nodiscard]] std::string refused_by_unit(const settings::Settings& settings, const ServiceUnit& unit);

// "ledgergate", of the effective user; its number when it has no name.
[[nodiscard]] std::string effective_user();

} // namespace ledgergate
