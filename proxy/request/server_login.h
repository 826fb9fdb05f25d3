// A user of the server whom the caller names: whether it does, by the head, and for some servers by the body, which must lie in the
// spool then; whether that user may be tried from here now; and what the server's reply says of that login.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

[[nodiscard]] bool login_in_body(const Exchange& exchange);
[[nodiscard]] bool login_waits_for_body(const Exchange& exchange);
[[nodiscard]] bool brings_server_login(const Exchange& exchange);
io::Task<Result<void>> check_server_login(Exchange& exchange);
void note_server_login(Exchange& exchange);

} // namespace ledgergate
