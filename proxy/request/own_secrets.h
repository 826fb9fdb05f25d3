// Which fields of the caller end at the edge: Authorization before a server that reads another field, and whatever shows a user or
// key of the edge's own, on whatever route.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Behind identify(). May throw std::bad_alloc.
void keep_own_secrets(Exchange& exchange);
// Whether this one of the request's fields is such a one.
[[nodiscard]] bool goes_no_further(const Exchange& exchange, const http::Field& field);

} // namespace ledgergate
