#include "route/caller_view.h"

#include "route/text.h"

#include <charconv>

namespace ledgergate::route {
namespace {

std::uint16_t default_port(std::string_view scheme) noexcept { return scheme == "https" ? 443 : 80; }

void append_host_port(std::string_view host, std::uint16_t port, std::string& out) {
  const bool v6 = host.find(':') != std::string_view::npos;
  if (v6) out += '[';
  out += host;
  if (v6) out += ']';
  if (port == 0) return;
  out += ':';
  append_number(port, out);
}

} // namespace

std::string_view public_scheme(const Facts& facts) noexcept {
  if (!facts.said_scheme.empty()) return facts.said_scheme;
  return facts.tls ? "https" : "http";
}

bool has_public_authority(const Facts& facts) noexcept { return !facts.said_host.empty() || !facts.target->host.empty(); }

std::uint16_t public_port(const Facts& facts) noexcept {
  if (facts.said_port != 0) return facts.said_port;
  if (!has_public_authority(facts)) return facts.local_port;
  if (facts.said_host.empty() && facts.target->port != 0) return facts.target->port;
  Authority said;
  if (!facts.said_host.empty() && read_authority(facts.said_host, said) && said.port != 0) return said.port;
  return default_port(public_scheme(facts));
}

void append_asked_authority(const Facts& facts, std::string& out) { append_host_port(facts.target->host, facts.target->port, out); }

void append_public_authority(const Facts& facts, std::string& out) {
  if (facts.said_host.empty()) {
    append_asked_authority(facts, out);
    return;
  }
  out += facts.said_host;
  Authority said;
  if (facts.said_port == 0 || facts.said_port == default_port(public_scheme(facts))) return;
  if (!read_authority(facts.said_host, said) || said.port != 0) return;
  out += ':';
  append_number(facts.said_port, out);
}

bool read_authority(std::string_view text, Authority& out) noexcept {
  if (text.empty() || text.find('@') != std::string_view::npos) return false;
  auto colon = text.find(':');
  if (text.front() == '[') {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    out.host = text.substr(1, bracket - 1);
    colon = bracket + 1 == text.size() ? std::string_view::npos : bracket + 1;
  } else {
    out.host = text.substr(0, colon);
  }
  out.port = 0;
  if (out.host.empty()) return false;
  if (colon == std::string_view::npos || colon + 1 == text.size()) return true; // RFC 3986 section 3.2.3: "host:" names no port
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, out.port);
  return text[colon] == ':' && read.ec == std::errc{} && read.ptr == end;
}

void append_upstream_host(const Facts& facts, std::string& out) {
  switch (facts.route->upstream_host) {
  case settings::UpstreamHost::client:
    if (!facts.target->host.empty()) return append_asked_authority(facts, out);
    break; // HTTP/1.0 may name none
  case settings::UpstreamHost::literal: out += facts.route->upstream_host_literal; return;
  case settings::UpstreamHost::server: break;
  }
  out += facts.server->authority;
}

} // namespace ledgergate::route
