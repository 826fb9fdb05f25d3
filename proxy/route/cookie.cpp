// Cookies of a server that is published under another path: a Path that it set for its own would never match what the caller asks
// for, and its sessions would be lost (RFC 6265 section 5.1.4).
#include "http/chars.h"
#include "route/outgoing.h"

#include <algorithm>

namespace ledgergate::route {

bool maps_cookies(const settings::Route& route) noexcept {
  return route.map_location && (route.strip_prefix || !route.rewrite_prefix.empty());
}

void append_cookie(const Facts& facts, std::string_view value, std::string& out) {
  std::size_t written = 0;
  for (auto semicolon = value.find(';'); semicolon < value.size(); semicolon = value.find(';', semicolon + 1)) {
    const auto attribute = value.substr(semicolon + 1, value.find(';', semicolon + 1) - semicolon - 1);
    const auto equals = attribute.find('=');
    if (equals == std::string_view::npos || !http::iequals(http::trim(attribute.substr(0, equals)), "Path")) continue;
    const auto path = http::trim(attribute.substr(equals + 1));
    if (path.empty()) continue;
    const auto at = static_cast<std::size_t>(path.data() - value.data());
    out += value.substr(written, at - written);
    if (!map_location(facts, path, out)) out += path;
    written = at + path.size();
  }
  out += value.substr(written);
}

} // namespace ledgergate::route
