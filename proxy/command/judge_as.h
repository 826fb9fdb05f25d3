// Judging files as the service's user: root may read what the service can't, and would call settings good that it refuses.
#pragma once

#include "process/service_unit.h"

#include <string>

namespace ledgergate {

// Whether the settings are the installed ones: their file lies in /etc, however it is called. Any other is a draft.
[[nodiscard]] bool is_installed(const std::string& settings_file);

// For root only, and for the rest of this process: it becomes `user` (a name or a number; "": the unit's), with the unit's groups
// where that is the unit's. It stays root where no such user is there (in `doubt` when an installed unit names it), where it is
// root itself, and, with words in `doubt`, where that user can't read the settings file: then it is a draft that stands elsewhere.
// False: `why` says what is wrong with `user`.
bool judge_as(const std::string& user, const ServiceUnit& unit, const std::string& settings_file, std::string& doubt,
              std::string& why);

} // namespace ledgergate
