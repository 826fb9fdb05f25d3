// A reply handed to the sink, compressed where the route does that.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

void send_head(Exchange& exchange, http::BodyKind kind, std::uint64_t length);
// Head and body of a reply that is there whole: what is large goes into the reply spool, from where give_spooled() takes it.
// Errors: the spool's; nothing has been sent then.
[[nodiscard]] Result<void> send_whole(Exchange& exchange, std::string_view body);

} // namespace ledgergate
