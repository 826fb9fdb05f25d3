// mServer's /status prints a LAN name: the small reply is held, and the name replaced.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

// Whether what is asked may be answered with a LAN name that is to be masked; whether the reply that has come is held whole for
// that.
[[nodiscard]] bool masks_reply(const Exchange& exchange);
[[nodiscard]] bool holds_for_change(const Exchange& exchange);
// What is held, in `note`, as send_whole(); with `change` it is changed if it holds the name, and loses its content coding. `note`
// is given back. Errors: also reply_unparsable, of a reply in which nobody can look for the name.
[[nodiscard]] Result<void> release_held(Exchange& exchange, bool change);
// The same, and all of it to the caller, to the reply's end.
io::Task<Result<void>> give_held(Exchange& exchange, bool change);

} // namespace ledgergate
