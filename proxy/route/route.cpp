#include "route/route.h"

#include "route/prefix.h"

#include <algorithm>
#include <compare>

namespace ledgergate::route {
namespace {

// How closely a route's host names the caller's; compared before the path.
enum class HostFit : std::uint8_t { none, any, wildcard, exact };

HostFit fit_host(std::string_view pattern, std::string_view host) noexcept {
  if (pattern.empty()) return HostFit::any;
  if (pattern.starts_with("*.")) {
    const auto suffix = pattern.substr(1);
    return host.size() > suffix.size() && host.ends_with(suffix) ? HostFit::wildcard : HostFit::none;
  }
  return pattern == host ? HostFit::exact : HostFit::none;
}

struct Fit {
  HostFit host = HostFit::none;
  std::size_t host_length = 0; // of two wildcards the longer is the closer
  std::size_t path_length = 0;
  auto operator<=>(const Fit&) const = default;
};

bool maps_prefix(const settings::Route& route, std::string_view path) noexcept {
  return (route.strip_prefix || !route.rewrite_prefix.empty()) && path.starts_with('/'); // not "*" of OPTIONS
}

// A path behind strip or rewrite: what stands in place of the prefix, and what follows it.
struct Mapped {
  std::string_view front; // as the settings spell it
  std::string_view rest;  // as the caller spelled it
};

// `cut` bytes of `path` are the route's prefix. The rest has one leading slash at most: "//host" at the start of a target would
// read as an authority (RFC 3986 section 3.3).
Mapped map_path(const settings::Route& route, std::string_view path, std::size_t cut) noexcept {
  auto rest = path.substr(cut);
  while (rest.starts_with("//")) rest.remove_prefix(1);
  if (!rest.empty()) return {trim_slashes(route.rewrite_prefix), rest};
  if (!route.rewrite_prefix.empty()) return {route.rewrite_prefix, {}};
  return {{}, "/"};
}

Letters letters_of(const settings::Server& server) noexcept {
  return server.profile == settings::Profile::mserver ? Letters::any_case : Letters::as_they_are;
}

} // namespace

const settings::Route* find(const settings::Settings& settings, std::size_t listener, std::string_view host,
                            std::string_view decoded_path) {
  const settings::Route* best = nullptr;
  Fit best_fit;
  for (const auto& route : settings.routes) {
    if (!route.listeners.empty() && std::find(route.listeners.begin(), route.listeners.end(), listener) == route.listeners.end())
      continue;
    const auto prefix = trim_slashes(route.path);
    const Fit fit{fit_host(route.host, host), route.host.size(), prefix.size()};
    if (fit.host == HostFit::none || fit <= best_fit) continue;
    if (!lies_below(decoded_path, prefix, letters_of(settings.servers[route.server]))) continue;
    best = &route;
    best_fit = fit;
  }
  return best;
}

void append_upstream_target(const settings::Route& route, const http::Target& target, std::string& out) {
  auto mapped = Mapped{{}, target.path.empty() ? std::string_view("/") : target.path};
  if (maps_prefix(route, mapped.rest)) {
    // find() has matched the route by the profile's rule for letters; here only the length is wanted.
    const auto cut = prefix_bytes(mapped.rest, trim_slashes(route.path), Letters::any_case);
    if (cut != std::string_view::npos) mapped = map_path(route, mapped.rest, cut);
  }
  append_encoded(mapped.front, out);
  out += mapped.rest;
  if (target.has_query) {
    out += '?';
    out += target.query;
  }
}

std::string_view server_path(const settings::Route& route, const http::Target& target, std::string& scratch) {
  const std::string_view path = target.decoded.empty() ? std::string_view("/") : target.decoded;
  const auto prefix = trim_slashes(route.path);
  if (!maps_prefix(route, path) || !lies_below(path, prefix, Letters::any_case)) return path;
  const auto mapped = map_path(route, path, prefix.size());
  scratch.clear();
  append_decoded(mapped.front, scratch);
  scratch += mapped.rest;
  return scratch;
}

} // namespace ledgergate::route
