// The opening handshake of a WebSocket (RFC 6455 section 4), the only protocol that a connection may be switched to (RFC 9110
// section 7.8). Pure: heads in, verdicts out.
#pragma once

#include "http/head.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::http {

enum class Upgrade : std::uint8_t {
  none,      // not asked for, or for another protocol (h2c)
  websocket, // asked for, as section 4.1 has it
  malformed, // asked for, but not so
};
[[nodiscard]] Upgrade wanted_upgrade(const RequestHead& request) noexcept;

// What a server has to answer to `key` in Sec-WebSocket-Accept (section 4.2.2). Empty when there is no memory for SHA-1.
[[nodiscard]] std::string websocket_accept(std::string_view key);

// Whether a 101 is the answer to this request: the same protocol, and the proof that the key was read (section 4.1).
[[nodiscard]] bool agrees_to_websocket(const RequestHead& request, const ReplyHead& reply);

} // namespace ledgergate::http
