// What the caller thinks it speaks to: scheme, host, port. A trusted proxy in front may know better than our own connection.
#pragma once

#include "route/outgoing.h"

namespace ledgergate::route {

[[nodiscard]] std::string_view public_scheme(const Facts& facts) noexcept;
// The port in the caller's address bar.
[[nodiscard]] std::uint16_t public_port(const Facts& facts) noexcept;
// "host" or "host:port" as the caller wrote it; nothing when it named no host (HTTP/1.0).
void append_public_authority(const Facts& facts, std::string& out);
[[nodiscard]] bool has_public_authority(const Facts& facts) noexcept;
// The Host that this edge was asked for, whatever stands in front.
void append_asked_authority(const Facts& facts, std::string& out);

// host[:port] of a URL or a Host field.
struct Authority {
  std::string_view host;  // without brackets
  std::uint16_t port = 0; // 0: not named
};
// Nothing when there is user information in it, or no host, or a port that is none.
[[nodiscard]] bool read_authority(std::string_view text, Authority& out) noexcept;

// What Host says to the server.
void append_upstream_host(const Facts& facts, std::string& out);

} // namespace ledgergate::route
