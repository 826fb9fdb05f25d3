// One line of the operational log, as it stands on stderr.
#pragma once

#include "settings/settings.h"

#include <string>
#include <string_view>

namespace ledgergate::observe {

// Whether stderr is journald's stream: then a line's level stands in front of it as "<4>" (sd-daemon(3)).
[[nodiscard]] bool stderr_is_journal() noexcept;

// The view lives until the thread's next call.
[[nodiscard]] std::string_view event_line(settings::LogLevel level, std::string_view text, bool journal);

// Writes a line to stderr now; gives up on a reader that takes nothing for a second.
void write_stderr(std::string_view line);

} // namespace ledgergate::observe
