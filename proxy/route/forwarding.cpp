#include "route/forwarding.h"

#include "route/caller_view.h"
#include "route/header_rules.h"
#include "route/text.h"

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

// All fields of that name as one list, a comma behind it.
void append_existing(const std::vector<http::Field>& fields, std::string_view name, std::string& out) {
  for (const auto& field : fields) {
    if (field.value.empty() || !http::iequals(field.name, name)) continue;
    out += field.value;
    out += ", ";
  }
}

bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && (c == '\0' || std::string_view("!#$%&'*+-.^_`|~").find(c) == npos)) return false;
  }
  return !text.empty();
}

// RFC 7239 section 6: an IPv6 address in brackets, and quoted, since brackets and colons are no token.
void append_node(std::string_view ip, std::string& out) {
  const bool v6 = ip.find(':') != npos;
  out += v6 ? "for=\"[" : "for=";
  out += ip;
  if (v6) out += "]\"";
}

// Quotes what was appended from `start` on when it is no token (RFC 7239 section 4).
void quote(std::size_t start, std::string& out) {
  if (is_token(std::string_view(out).substr(start))) return;
  for (auto at = start; at < out.size(); ++at)
    if (out[at] == '"' || out[at] == '\\') out.insert(at++, 1, '\\');
  out.insert(start, 1, '"');
  out += '"';
}

std::string_view peer(const Facts& facts) noexcept {
  return facts.peer_ip_text.empty() ? facts.client_ip_text : facts.peer_ip_text;
}

void append_forwarded_for(const Facts& facts, bool brought, std::string& out) {
  out += "X-Forwarded-For: ";
  if (facts.peer_trusted && brought) {
    append_existing(facts.request->fields, "X-Forwarded-For", out);
  } else if (facts.client_ip_text != peer(facts)) { // known from Forwarded
    out += facts.client_ip_text;
    out += ", ";
  }
  out += peer(facts);
  out += "\r\n";
}

void append_forwarded(const Facts& facts, bool brought, std::string& out) {
  out += "Forwarded: ";
  if (facts.peer_trusted && brought) {
    append_existing(facts.request->fields, "Forwarded", out);
  } else if (facts.client_ip_text != peer(facts)) { // known from X-Forwarded-For
    append_node(facts.client_ip_text, out);
    if (!facts.said_scheme.empty()) {
      out += ";proto=";
      out += facts.said_scheme;
    }
    if (!facts.said_host.empty()) {
      out += ";host=";
      const auto start = out.size();
      append_public_authority(facts, out);
      quote(start, out);
    }
    out += ", ";
  }
  append_node(peer(facts), out);
  out += facts.tls ? ";proto=https" : ";proto=http";
  if (!facts.target->host.empty()) {
    out += ";host=";
    const auto start = out.size();
    append_asked_authority(facts, out);
    quote(start, out);
  }
  out += "\r\n";
}

} // namespace

void append_forwarding(const Facts& facts, const Brought& brought, std::string& out) {
  const auto& rules = facts.route->request_headers;
  if (!replaced(rules, "X-Forwarded-For")) append_forwarded_for(facts, brought.forwarded_for, out);
  if (!replaced(rules, "X-Forwarded-Proto")) append_field("X-Forwarded-Proto", public_scheme(facts), out);
  if (has_public_authority(facts) && !replaced(rules, "X-Forwarded-Host")) {
    out += "X-Forwarded-Host: ";
    append_public_authority(facts, out);
    out += "\r\n";
  }
  if (!replaced(rules, "X-Forwarded-Port")) {
    out += "X-Forwarded-Port: ";
    append_number(public_port(facts), out);
    out += "\r\n";
  }
  if (!replaced(rules, "Forwarded")) append_forwarded(facts, brought.forwarded, out);
  if (!replaced(rules, "X-Request-ID")) append_field("X-Request-ID", facts.request_id, out);
  if (!facts.client_name.empty() && !replaced(rules, "X-Client-Name")) {
    out += "X-Client-Name: ";
    append_clean(facts.client_name, out);
    out += "\r\n";
  }
  if (!replaced(rules, "Via")) append_via(facts.request->fields, brought.via, facts.request->minor, out);
}

void append_via(const std::vector<http::Field>& fields, bool brought, std::uint8_t minor, std::string& out) {
  out += "Via: ";
  if (brought) append_existing(fields, "Via", out);
  out += minor == 0 ? "1.0 ledgergate\r\n" : "1.1 ledgergate\r\n";
}

} // namespace ledgergate::route
