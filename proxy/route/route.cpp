#include "route/route.h"

#include "route/fit.h"

#include <algorithm>

namespace ledgergate::route {
namespace {

HostFit fit_host(std::string_view pattern, std::string_view host) noexcept {
  if (pattern.empty()) return HostFit::any;
  if (pattern.starts_with("*.")) {
    const auto suffix = pattern.substr(1);
    return host.size() > suffix.size() && host.ends_with(suffix) ? HostFit::wildcard : HostFit::none;
  }
  return pattern == host ? HostFit::exact : HostFit::none;
}

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

} // namespace

Fit fit(const settings::Route& route, std::size_t listener, std::string_view host) noexcept {
  if (!route.listeners.empty() && std::find(route.listeners.begin(), route.listeners.end(), listener) == route.listeners.end())
    return {};
  return {fit_host(route.host, host), route.host.size(), trim_slashes(route.path).size()};
}

const settings::Route* find(const settings::Settings& settings, std::size_t listener, std::string_view host,
                            std::string_view decoded_path) {
  const settings::Route* best = nullptr;
  Fit best_fit;
  for (const auto& route : settings.routes) {
    const Fit close = fit(route, listener, host);
    if (close.host == HostFit::none || close <= best_fit) continue;
    if (!lies_below(decoded_path, trim_slashes(route.path), spelling_of(settings.servers[route.server]))) continue;
    best = &route;
    best_fit = close;
  }
  return best;
}

void append_upstream_target(const settings::Route& route, const http::Target& target, std::string& out) {
  auto mapped = Mapped{{}, target.path.empty() ? std::string_view("/") : target.path};
  if (maps_prefix(route, mapped.rest)) {
    // choose() has matched the route as its profile spells paths; here only the length is wanted.
    const auto cut = prefix_bytes(mapped.rest, trim_slashes(route.path), Spelling::loose);
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
  const auto cut = prefix_length(path, trim_slashes(route.path), Spelling::loose);
  if (!maps_prefix(route, path) || cut == std::string_view::npos) return path;
  const auto mapped = map_path(route, path, cut);
  scratch.clear();
  append_decoded(mapped.front, scratch);
  scratch += mapped.rest;
  return scratch;
}

} // namespace ledgergate::route
