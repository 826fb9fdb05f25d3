// Whether what a reply names is the server it came from: by its URL, its addresses, its other names (`aliases`), or the Host that
// it was asked for.
#pragma once

#include "route/outgoing.h"
#include "route/reference.h"

namespace ledgergate::route {

// What an authority is to the caller.
enum class Named : std::uint8_t {
  other,
  server,
  caller_by_tls, // the very host that the caller used, whose request came in clear: the way to TLS
};
[[nodiscard]] Named whom_names(const Facts& facts, const Reference& reference);

// Whether "host" or "host:port" is this server's machine, whatever the port: by its URL, its addresses, its other names, or a Host
// of the settings. The caller's own is none.
[[nodiscard]] bool names_servers_host(const Facts& facts, std::string_view authority);

// Whether a cookie of that Domain can be the server's, and none of the public name's: no reader of the caller's would take it.
[[nodiscard]] bool is_servers_domain(const Facts& facts, std::string_view domain);

} // namespace ledgergate::route
