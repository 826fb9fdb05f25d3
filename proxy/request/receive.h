// The reply's head.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

io::Task<Result<void>> receive_head(Exchange& exchange, io::Stream& server);
// Before a request goes to a server: the next bytes from there begin a head.
void expect_head(Exchange& exchange);
// Reads the head that lies in the server's input, passing over interim replies (1xx): blocked when there is no whole head yet.
Result<io::Step> take_head(Exchange& exchange, io::Stream& server);
// The reply's head, whose views lie in the server's input, before that moves: copied into `out`, and read again from there.
[[nodiscard]] Result<void> keep_head(Exchange& exchange, const io::Stream& server);
// The loop's time until which the connection to the server may be used again, by the server's word.
[[nodiscard]] io::TimeMs server_keeps_until(const Exchange& exchange) noexcept;

} // namespace ledgergate
