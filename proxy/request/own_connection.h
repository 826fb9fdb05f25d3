// A login that belongs to the server's connection (NTLM, Negotiate) makes that this caller's alone.
#pragma once

#include "state/exchange.h"
#include "upstream/bound.h"
#include "upstream/pool.h"

namespace ledgergate {

// Whether the request brings a part of one.
[[nodiscard]] bool brings_connection_login(const Exchange& exchange);
// The connection that is this caller's at the server of `pool`, or null.
[[nodiscard]] io::Stream::Ptr take_own(Exchange& exchange, const upstream::Pool& pool);
// Behind the reply's head: whether the connection in use is one (`lasts`: it may be kept).
void note_connection_login(Exchange& exchange, bool lasts);
// Where it goes in place of the pool.
void keep_own(Exchange& exchange, io::Stream::Ptr server);
// With newer settings, of any connection of a caller's: what idles where they have no such server, or one that is asked in turn.
void close_own_that_may_not_idle(upstream::Bound& own, const Generation& newest) noexcept;

} // namespace ledgergate
