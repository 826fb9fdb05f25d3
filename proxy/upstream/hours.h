// When a server is open. Pure: the time is passed in; local time is the machine's (TZ).
#pragma once

#include "settings/settings.h"

#include <cstdint>
#include <ctime>
#include <vector>

namespace ledgergate::upstream {

using Hours = std::vector<settings::OpenSpan>;

// `day`: 0 is Monday; `minute` of that day. Open in one of the spans; without any always.
[[nodiscard]] bool open_at(const Hours& hours, int day, int minute) noexcept;

// Seconds from `now` until it opens; 0: it is open. Takes summer time into account: an opening inside an hour that is skipped comes
// up to an hour late.
[[nodiscard]] std::int64_t seconds_until_open(const Hours& hours, std::time_t now) noexcept;

} // namespace ledgergate::upstream
