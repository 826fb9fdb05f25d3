// The way of one request in the operational log, at `log.level: debug`: what was decided, in the order in which it was, under the
// request's id. Where nobody asked for it, each costs a comparison. None of them throws; without memory a line is left out.
#pragma once

#include "http/parser.h"
#include "state/exchange.h"

#include <string_view>

namespace ledgergate {

void trace_head(const Exchange& exchange) noexcept;
void trace_route(const Exchange& exchange) noexcept;
// Who was let in.
void trace_client(const Exchange& exchange) noexcept;
// The slot at the server is there.
void trace_slot(const Exchange& exchange) noexcept;
void trace_connection(const Exchange& exchange, const io::Stream& server, bool reused) noexcept;
void trace_reply(const Exchange& exchange) noexcept;
void trace_end(const Exchange& exchange) noexcept;

} // namespace ledgergate
