// A new connection to a server: resolve, try every address, TLS. One deadline for all of it.
#pragma once

#include "io/stream.h"
#include "io/task.h"
#include "upstream/pool.h"
#include "upstream/resolver.h"

namespace ledgergate::upstream {

// The stream comes back attached to `wake` with kServerIn/kServerOut. All references must outlive the task.
// A server that has spoken already, or gone, is none to send to: reply_unparsable, upstream_closed, upstream_reset.
// Errors: these, dns_*, connect_*, upstream_tls, upstream_certificate, out_of_memory, no_capacity (no descriptor, also after what
// idled in the pools of all workers was closed).
io::Task<Result<io::Stream::Ptr>> connect_within(io::Wake& wake, Resolver& resolver, Pool& pool, io::TimeMs patience);
// Within the server's timeouts.connect.
io::Task<Result<io::Stream::Ptr>> connect(io::Wake& wake, Resolver& resolver, Pool& pool);
// To one of these addresses, which the name had just then, and to no other: whose turn it is has its place there.
io::Task<Result<io::Stream::Ptr>> connect_to_one_of(io::Wake& wake, const Addresses& addresses, Pool& pool, io::TimeMs patience);

} // namespace ledgergate::upstream
