// host and path -> route (longest prefix wins), and the target that goes to the server.
#pragma once

#include "http/target.h"
#include "settings/settings.h"

#include <string>
#include <string_view>

namespace ledgergate::route {

// Null when nothing is published there. A route with a host beats one without; an exact host beats a wildcard; then the longest path.
// Prefixes match at segment borders ("/xml" matches "/xml" and "/xml/a", not "/xmlx"). `host` is lower case without port.
[[nodiscard]] const settings::Route* find(const settings::Settings& settings, std::size_t listener, std::string_view host, std::string_view decoded_path);

// Appends the origin-form target for the server to `out`: the caller's own bytes, with the route's prefix stripped or rewritten.
// The prefix is matched decoded, so it is cut off the raw path by walking both.
void append_upstream_target(const settings::Route& route, const http::Target& target, std::string& out);

} // namespace ledgergate::route
