// Whether the caller of a request that took its time (its body, its wait for a turn) would be let in by what holds now: the newest
// settings, the date, the bans. docs/reload.md says of each key what becomes of such a request.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// An error is the refusal. The exchange stays with the settings it began with: a request that the newest ones would send to another
// server, or otherwise than these, is refused too, as long as none of it has left (`at_server`: some of it may have).
enum class Progress : std::uint8_t { arriving, here, at_server };
[[nodiscard]] Result<void> judge_again(Exchange& exchange, Progress progress = Progress::here);

} // namespace ledgergate
