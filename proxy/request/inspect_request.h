// What needs the body: operations, the accounting unit, and with it the server.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Says by the head what will be needed, and reads the unit where the head has it (ID-UJ); the body is read while take_body() takes
// it, so that no large one keeps the worker from others. An error is the refusal.
[[nodiscard]] Result<void> prepare_inspection(Exchange& exchange);
[[nodiscard]] Result<void> read_request(Exchange& exchange, std::string_view bytes);
[[nodiscard]] Result<void> inspect_request(Exchange& exchange);
// Whether rules that are newer than the reading of head and body allow what they ask. Error: operation_denied.
[[nodiscard]] Result<void> inspect_again(Exchange& exchange);

} // namespace ledgergate
