// READ FIRST: one request, from its head to its log line. Its stages, in the order in which they come, each a header and a file:
//
//   decide → identify → admit → prepare_inspection (inspect_request) → take_body → inspect_request → available → judge_again →
//   forward
//
// forward: find_unit → take_turn → (connect) → send → receive → check_reply → take_reply or relay; refuse answers what failed.
// docs/architecture.md tells the same in prose.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

// Serves one request whose head is complete, to the end: when it returns, the reply has been handed to the sink whole, or cut, and
// the request is logged. `exchange` must outlive the task. Never throws.
io::Task<void> serve_request(Exchange& exchange);

// A request whose head could not be read: the refusal and its log line.
io::Task<void> refuse_head(Exchange& exchange, Error error);

// Behind either: what is left to be done when there was no memory for it to come to its end. Refuses what has no answer yet, cuts
// what the caller does not take at once, and logs; does nothing when the request is logged.
void end_without_memory(Exchange& exchange) noexcept;

} // namespace ledgergate
