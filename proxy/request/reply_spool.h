// The reply spool: what lies at the edge of a reply whose server is faster than its caller, or that is held whole.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

// Up to here, in bytes, a reply is held whole where that makes a better one of it.
inline constexpr std::size_t kHeldWhole = 256 * 1024;
// The same of one that is changed.
inline constexpr std::size_t kMaxHeld = 64 * 1024;

// It is empty then, on the account of who calls.
void open_reply_spool(Exchange& exchange);
// A reply that can't be kept was asked for and forwarded: no 503, which callers answer by asking again.
[[nodiscard]] Error not_kept(const Error& why);
// The body behind a head that is about to be sent: true, it lies in the reply spool (send_whole()).
[[nodiscard]] Result<bool> set_aside(Exchange& exchange, std::string_view body);
// What lies there comes into `note`, and the spool is empty.
[[nodiscard]] Result<void> hold_spooled(Exchange& exchange);
// As much of the spool, from `given` on, to the caller as it takes, a stretch at most: what it has is given back to memory and
// disk. Blocked: the caller takes no more for now.
[[nodiscard]] Result<io::Step> give_stretch(Exchange& exchange, std::uint64_t& given);
// All that lies there to the caller, at its pace.
io::Task<Result<void>> give_spooled(Exchange& exchange);

} // namespace ledgergate
