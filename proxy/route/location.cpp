// Location and Content-Location: where they point at the server, they are to point at the public name (RFC 9110 sections 10.2.2
// and 8.7).
#include "route/caller_view.h"
#include "route/fit.h"
#include "route/outgoing.h"

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

struct Location {
  std::string_view scheme;    // "http", "https", or empty for "//host"
  std::string_view authority; // empty for "/path"
  std::string_view path;      // with what follows
  std::string_view tail;      // "?query#fragment"
};

bool split(std::string_view text, Location& out) noexcept {
  if (text.size() > 7 && http::iequals(text.substr(0, 7), "http://")) {
    out.scheme = "http";
    text.remove_prefix(5);
  } else if (text.size() > 8 && http::iequals(text.substr(0, 8), "https://")) {
    out.scheme = "https";
    text.remove_prefix(6);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = text.find_first_of("/?#\\");
    out.authority = text.substr(0, end);
    text.remove_prefix(out.authority.size());
    if (out.authority.empty()) return false;
  }
  if (text.starts_with('\\') || (out.authority.empty() && !text.starts_with('/'))) return false;
  const auto end = text.find_first_of("?#");
  out.path = text.substr(0, end);
  out.tail = end == npos ? std::string_view() : text.substr(end);
  return true;
}

// Whether the server means itself by that authority: its own address, or the Host it was asked for.
bool is_server(const Facts& facts, const Location& location) {
  Authority named;
  if (!read_authority(location.authority, named)) return false;
  const auto& server = *facts.server;
  const bool https = location.scheme.empty() ? server.https : location.scheme == "https";
  const std::uint16_t usual = https ? 443 : 80;
  if (named.port == 0) named.port = usual;
  if (http::iequals(named.host, server.host) && named.port == server.port) return true;

  // A server that builds URLs from Host adds the Host's port, the usual one, or the one it listens on.
  Authority asked;
  switch (facts.route->upstream_host) {
  case settings::UpstreamHost::client: asked = {facts.target->host, facts.target->port}; break;
  case settings::UpstreamHost::literal:
    if (!read_authority(facts.route->upstream_host_literal, asked)) return false;
    break;
  case settings::UpstreamHost::server:
    if (!read_authority(server.authority, asked)) return false;
    break;
  }
  if (asked.host.empty() || !http::iequals(named.host, asked.host)) return false;
  return named.port == (asked.port == 0 ? usual : asked.port) || named.port == server.port;
}

// What strip or rewrite did to the target, undone: the public prefix, and how much of the server's path it stands for.
struct Unmapped {
  bool changed = false;
  std::size_t cut = 0;
};

Unmapped unmap(const settings::Route& route, std::string_view path, Spelling spelling) noexcept {
  const auto prefix = trim_slashes(route.path);
  if (route.rewrite_prefix.empty()) return {route.strip_prefix && !prefix.empty(), 0};
  const auto cut = prefix_bytes(path, trim_slashes(route.rewrite_prefix), spelling);
  return cut == npos ? Unmapped{} : Unmapped{true, cut};
}

// "scheme://authority" of public_url, or empty.
std::string_view public_origin(const settings::Route& route) noexcept {
  const std::string_view url = route.public_url;
  const auto authority = url.find("://");
  if (authority == npos) return {};
  return url.substr(0, url.find_first_of("/?#", authority + 3));
}

void append_origin(const Facts& facts, std::string& out) {
  const auto configured = public_origin(*facts.route);
  if (!configured.empty()) {
    out += configured;
  } else if (has_public_authority(facts)) {
    out += public_scheme(facts);
    out += "://";
    append_public_authority(facts, out);
  } // else the path alone: the caller knows whom it asked
}

} // namespace

bool map_location(const Facts& facts, std::string_view text, std::string& out) {
  const auto& route = *facts.route;
  Location location;
  if (!route.map_location || !split(text, location)) return false;
  const bool absolute = !location.authority.empty();
  if (absolute && !is_server(facts, location)) return false;
  const std::string_view path = location.path.empty() ? std::string_view("/") : location.path;
  const auto unmapped = unmap(route, path, spelling_of(*facts.server));
  if (!absolute && !unmapped.changed) return false;
  const auto start = out.size();
  if (absolute) append_origin(facts, out);
  if (unmapped.changed) append_encoded(trim_slashes(route.path), out);
  auto rest = path.substr(unmapped.cut);
  if (out.size() == start) // a path alone must not begin with "//": it would name a host
    while (rest.starts_with("//")) rest.remove_prefix(1);
  if (rest.empty() && trim_slashes(route.path).empty()) out += '/';
  out += rest;
  out += location.tail;
  return true;
}

} // namespace ledgergate::route
