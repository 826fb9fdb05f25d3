#include "route/server_names.h"

#include "http/chars.h"
#include "route/caller_view.h"

#include <algorithm>

namespace ledgergate::route {
namespace {

std::uint16_t usual_port(bool https) noexcept { return https ? 443 : 80; }

bool is_https(const Facts& facts, Scheme scheme) noexcept {
  if (scheme == Scheme::none) return facts.server->https;
  return scheme == Scheme::https || scheme == Scheme::wss;
}

// The Host that the server was asked for; false: none that can be read.
bool read_asked(const Facts& facts, Authority& asked) noexcept {
  switch (facts.route->upstream_host) {
  case settings::UpstreamHost::client: asked = {facts.target->host, facts.target->port}; break;
  case settings::UpstreamHost::literal: return read_authority(facts.route->upstream_host_literal, asked);
  case settings::UpstreamHost::server: return read_authority(facts.server->authority, asked);
  }
  return !asked.host.empty();
}

bool same_host(const Host& named, std::string_view text) noexcept {
  Host host;
  return host.read(text) && named.same(host);
}

bool is_address(const Facts& facts, const Host& named) noexcept {
  if (facts.server_addresses == nullptr || !named.address()) return false;
  return std::find(facts.server_addresses->begin(), facts.server_addresses->end(), *named.address()) !=
         facts.server_addresses->end();
}

// A server whose URL has the usual port means itself by either of the usual ones: TLS may end in front of it.
bool is_servers_port(const Facts& facts, std::uint16_t port, bool https) noexcept {
  const auto& server = *facts.server;
  return port == server.port || (port == usual_port(https) && server.port == usual_port(server.https));
}

bool is_alias(const Facts& facts, const Host& named, std::uint16_t port, bool https) noexcept {
  const auto& aliases = facts.server->aliases;
  return std::any_of(aliases.begin(), aliases.end(), [&](const settings::Alias& alias) {
    if (!same_host(named, alias.host)) return false;
    if (alias.port != 0) return port == alias.port;
    return port == usual_port(https) || is_servers_port(facts, port, https);
  });
}

} // namespace

Named whom_names(const Facts& facts, const Reference& reference) {
  const bool https = is_https(facts, reference.scheme);
  const std::uint16_t usual = usual_port(https);
  const std::uint16_t port = reference.port == 0 ? usual : reference.port;
  const Host& host = reference.host;
  if (is_servers_port(facts, port, https) && (same_host(host, facts.server->host) || is_address(facts, host))) return Named::server;
  if (is_alias(facts, host, port, https)) return Named::server;

  // A server that builds URLs from Host adds the Host's port, the usual one, or the one it listens on.
  Authority asked;
  if (!read_asked(facts, asked) || !same_host(host, asked.host)) return Named::other;
  const bool callers = facts.route->upstream_host == settings::UpstreamHost::client && facts.route->public_url.empty();
  if (callers && https && asked.port == 0 && port == usual && public_scheme(facts) == "http") return Named::caller_by_tls;
  return port == (asked.port == 0 ? usual : asked.port) || port == facts.server->port ? Named::server : Named::other;
}

bool names_servers_host(const Facts& facts, std::string_view authority) {
  Host host;
  if (!host.read(authority) || (!host.address() && authority.find(':') != std::string_view::npos)) {
    Authority read;
    if (!read_authority(authority, read) || !host.read(read.host)) return false;
  }
  if (same_host(host, facts.server->host) || is_address(facts, host)) return true;
  Authority asked;
  if (facts.route->upstream_host != settings::UpstreamHost::client && read_asked(facts, asked) && same_host(host, asked.host))
    return true;
  const auto& aliases = facts.server->aliases;
  return std::any_of(aliases.begin(), aliases.end(), [&](const settings::Alias& alias) { return same_host(host, alias.host); });
}

namespace {

// The host that the caller knows.
std::string_view public_host(const Facts& facts) noexcept {
  const std::string_view url = facts.route->public_url;
  const auto scheme = url.find("://");
  const auto origin = scheme == std::string_view::npos ? facts.said_host : url.substr(scheme + 3);
  Authority known;
  if (!origin.empty() && read_authority(origin.substr(0, origin.find_first_of("/?#")), known)) return known.host;
  return facts.target->host;
}

} // namespace

bool is_servers_domain(const Facts& facts, std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1); // RFC 6265 section 5.2.3
  Host domain, host;
  if (!domain.read(text)) return false;
  if (host.read(public_host(facts)) && host.in_domain(domain)) return false;
  const auto covers = [&](std::string_view name) { return host.read(name) && (host.in_domain(domain) || host.same(domain)); };
  Authority asked;
  if (covers(facts.server->host) || is_address(facts, domain)) return true;
  if (read_asked(facts, asked) && covers(asked.host)) return true;
  const auto& aliases = facts.server->aliases;
  return std::any_of(aliases.begin(), aliases.end(), [&](const settings::Alias& alias) { return covers(alias.host); });
}

} // namespace ledgergate::route
