// A line for each change of who may come in: in DIR/audit.log and in the journal (syslog, facility authpriv).
#pragma once

#include "enrol/files.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::enrol {

// `what` is "issued certificate=till serial=… until=…": plain words, no secrets. The line says when and who besides. False, with
// words in `why`, when the file can't be written; the journal has it then all the same.
bool audit(const Folder& folder, std::string_view what, std::int64_t now, std::string& why);

// "2026-11-22T17:19:36Z"
[[nodiscard]] std::string moment_text(std::int64_t seconds);
// "2026-11-22"
[[nodiscard]] std::string day_text(std::int64_t seconds);

} // namespace ledgergate::enrol
