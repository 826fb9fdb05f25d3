// One question of the edge's own to a server, on a connection of its own: small, bounded, and whole or not at all.
#pragma once

#include "http/head.h"
#include "io/stream.h"
#include "io/task.h"
#include "upstream/pool.h"
#include "upstream/resolver.h"

#include <cstdint>
#include <string>

namespace ledgergate::upstream {

struct Question {
  std::string bytes; // head and body, as they go on the wire
  http::Method method = http::Method::get;
  io::TimeMs patience = 3'000; // for all of it: connecting, sending, the whole reply
  Addresses addresses;         // where it is asked, as connect_to_one_of(); empty: wherever the server's name leads
};

struct ProbeReply {
  std::uint16_t status = 0;
  std::string content_type;
  std::string head; // its own bytes, empty line included
  std::string body; // decoded of its framing; 64 KiB at most
};

// Connects, asks and reads the whole reply. The connection is left in `stream` (null when there was none): the answer need not wait
// until it is closed. All references must outlive the task; `wake` is attached to the stream with kServerIn/kServerOut.
// Errors: those of connect(), upstream_write_failed, upstream_write_timeout, upstream_closed, upstream_reset, reply_*.
io::Task<Result<ProbeReply>> ask(io::Wake& wake, Resolver& resolver, Pool& pool, const Question& question, io::Stream::Ptr& stream);

inline constexpr io::TimeMs kFinMs = 1000; // how long a server's FIN is waited for

// Whether the server has ended its side. What it still sends is dropped; false: kServerIn tells when to look again.
[[nodiscard]] bool has_ended(io::Stream& stream) noexcept;

// Closes in two steps: our FIN, then the server's, which is waited for (1 s at most), so that a server that does one thing at a
// time never sees the next connection before this one is gone. What it still sends is dropped.
io::Task<void> part(io::Wake& wake, io::Stream& stream);

} // namespace ledgergate::upstream
