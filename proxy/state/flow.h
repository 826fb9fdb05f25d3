// Whose a request is, where callers share something fairly: turns, the spool.
#pragma once

#include <string>

namespace ledgergate {

struct Exchange;

// The identity of the caller where it has one, else its address (IPv6: the /64 that one subscriber has).
[[nodiscard]] std::string flow_of(const Exchange& exchange);

} // namespace ledgergate
