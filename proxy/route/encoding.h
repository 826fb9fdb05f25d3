// Which replies are compressed for the caller, and what their heads say then. Pure; read docs/config.md (`compress`) beside it.
#pragma once

#include "http/coding.h"
#include "http/head.h"
#include "route/outgoing.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ledgergate::route {

struct Encoding {
  bool possible = false;                        // a caller who accepts it gets this reply compressed: all are told (Vary)
  http::Coding coding = http::Coding::identity; // what this caller gets, if its connection allows
};

// Looks at the route's `compress`, the request and the reply's head. `length`: of the body, in bytes, if it is known.
[[nodiscard]] Encoding choose_encoding(const Facts& facts, const http::ReplyHead& reply, std::optional<std::uint64_t> length);

// The length that a reply to HEAD names.
[[nodiscard]] std::optional<std::uint64_t> named_length(const http::ReplyHead& reply) noexcept;

// Fills `told` with what the caller is to read in place of `reply`: Vary always (RFC 9110 section 12.5.5); with a coding other than
// identity also Content-Encoding and a weak ETag (section 8.8.3), and nothing that speaks of the server's own bytes any more
// (length, digests, ranges). `etag` keeps a value that `told` points to.
void tell_encoding(const http::ReplyHead& reply, http::Coding coding, http::ReplyHead& told, std::string& etag);

} // namespace ledgergate::route
