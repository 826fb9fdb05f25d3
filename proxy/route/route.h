// host and path -> route (longest prefix wins), and the target that goes to the server.
#pragma once

#include "http/target.h"
#include "settings/settings.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace ledgergate::route {

// Null when nothing is published there. A route with a host beats one without; an exact host beats a wildcard; then the longest
// path. Prefixes match at segment borders ("/xml" matches "/xml" and "/xml/a", not "/xmlx"), loosely where the route's server is an
// mserver (fit.h). `host` is lower case without port. This is one reading of the path, which other servers may not share: a request
// goes by choose() (choose.h).
[[nodiscard]] const settings::Route* find(const settings::Settings& settings, std::size_t listener, std::string_view host,
                                          std::string_view decoded_path);

// Appends the origin-form target for the server to `out`: the caller's own bytes, with the route's prefix stripped or rewritten.
// The prefix is matched decoded, so it is cut off the raw path by walking both. The route is the one that choose() gave.
void append_upstream_target(const settings::Route& route, const http::Target& target, std::string& out);

// The decoded path as the server will see it, for profile::check: `target.decoded`, or built in `scratch` behind strip or rewrite.
[[nodiscard]] std::string_view server_path(const settings::Route& route, const http::Target& target, std::string& scratch);

} // namespace ledgergate::route
