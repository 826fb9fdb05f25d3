// The reply off the server at its speed, spooled.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

class Place; // place.h

// When the server is done it takes `server` and gives `place` on; with a failure before that both stay with the caller
// (leave_place()). `reusable`: as part_with()'s. One of a server that counts characters goes this way, too: it is believed as a
// whole, behind the server's FIN, or not at all.
io::Task<Result<void>> take_reply(Exchange& exchange, io::Stream::Ptr& server, Place& place, bool reusable);
[[nodiscard]] bool counts_characters(const Exchange& exchange);
} // namespace ledgergate
