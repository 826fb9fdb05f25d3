// A reply compressed on its way to the caller, where the route compresses: the head says what becomes of the body, and the body
// goes through a compressor when the caller takes that.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// As send_head() and send_whole() (send_reply.h).
void send_encoded_head(Exchange& exchange, http::BodyKind kind, std::uint64_t length);
[[nodiscard]] Result<void> send_encoded(Exchange& exchange, std::string_view body);
// Whether a reply of that length is worth holding whole, because it can then be compressed and keep a length.
[[nodiscard]] bool compresses_held(const Exchange& exchange, std::uint64_t length);

} // namespace ledgergate
