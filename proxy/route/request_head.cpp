#include "profile/credentials.h"

#include "base/prepare_thread.h"
#include "route/caller_view.h"
#include "route/connection_options.h"
#include "route/field_names.h"
#include "route/forwarding.h"
#include "route/header_rules.h"
#include "route/outgoing.h"
#include "route/text.h"

namespace ledgergate::route {
namespace {

thread_local ConnectionOptions options; // reused, so that it allocates once a thread
const PreparedThread prepared([] { options.read({}); });

bool is_credentials_field(std::string_view name) noexcept {
  return same_variable(name, "Authorization") || same_variable(name, "STW-Authorization");
}

bool wants_plain(const Facts& facts) noexcept { return facts.server->length_in_characters || facts.plain_reply; }

// The caller's own fields that may pass; says which forwarding fields it brought along.
Brought append_fields(const Facts& facts, std::string& out) {
  options.read(facts.request->fields);
  const auto& rules = facts.route->request_headers;
  Brought brought;
  auto own = facts.own_fields;
  for (const auto& field : facts.request->fields) {
    bool dropped = false;
    if (!own.empty() && &field == &facts.request->fields[own.front()]) {
      own = own.subspan(1);
      continue;
    }
    switch (request_kind(field.name)) {
    case FieldKind::connection:
    case FieldKind::hop:
    case FieldKind::framing:
    case FieldKind::edge_only: dropped = true; break;
    case FieldKind::identity: dropped = !passes(rules, field.name) || options.names(field.name); break;
    case FieldKind::forwarded_for: brought.forwarded_for = dropped = true; break;
    case FieldKind::forwarded: brought.forwarded = dropped = true; break;
    case FieldKind::via: brought.via = dropped = true; break;
    case FieldKind::forwarding: dropped = !facts.peer_trusted || options.names(field.name); break;
    case FieldKind::credential: break;
    default: dropped = options.names(field.name);
    }
    if (wants_plain(facts) && same_variable(field.name, "Accept-Encoding")) dropped = true;
    if (facts.plain_reply && (same_variable(field.name, "Range") || same_variable(field.name, "If-Range"))) dropped = true;
    // Both headers, whatever the server reads: a caller's password for the edge, or an old one for the server, is nobody else's.
    if (!facts.credentials.empty() && is_credentials_field(field.name)) dropped = true;
    if (facts.edge_authorization && same_variable(field.name, "Authorization")) dropped = true;
    if (!dropped && !replaced(rules, field.name)) append_field(field.name, field.value, out);
  }
  return brought;
}

void append_framing(const http::RequestHead& request, const http::Framing& framing, std::string& out) {
  if (framing.kind == http::BodyKind::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
    return;
  }
  // RFC 9110 section 8.6: where the method means content, no content is said as length 0.
  const bool means_content =
      request.method == http::Method::post || request.method == http::Method::put || request.method == http::Method::patch;
  if (framing.kind != http::BodyKind::length && !means_content) return;
  out += "Content-Length: ";
  append_number(framing.kind == http::BodyKind::length ? framing.length : 0, out);
  out += "\r\n";
}

void append_certificate(std::string_view name, std::string_view value, const std::vector<settings::HeaderRule>& rules,
                        std::string& out) {
  if (!value.empty() && !replaced(rules, name)) append_field(name, value, out);
}

} // namespace

void append_outgoing_fields(const Facts& facts, std::string& out) {
  static_cast<void>(append_fields(facts, out));
  append_rules(facts.route->request_headers, facts, out);
}

void append_request_head(const Facts& facts, std::string_view upstream_target, const http::Framing& framing, std::string& out) {
  const auto& rules = facts.route->request_headers;
  out += facts.request->method_text;
  out += ' ';
  out += upstream_target;
  out += " HTTP/1.1\r\nHost: ";
  append_upstream_host(facts, out);
  out += "\r\n";
  const auto brought = append_fields(facts, out);
  append_framing(*facts.request, framing, out);
  if (facts.websocket) out += "Connection: Upgrade\r\nUpgrade: websocket\r\n"; // RFC 9110 section 7.8
  if (wants_plain(facts)) out += "Accept-Encoding: identity\r\n";
  // Its replies can be believed as plain text only, and only behind its FIN (profile/character_length.h).
  if (facts.server->length_in_characters) out += "Connection: close\r\n";
  if (!facts.credentials.empty()) append_field(profile::credentials_field(facts.server->profile), facts.credentials, out);
  append_forwarding(facts, brought, out);
  append_certificate("Client-Cert", facts.client_cert, rules, out);
  append_certificate("Client-Cert-Chain", facts.client_cert_chain, rules, out);
  append_rules(rules, facts, out);
  out += "\r\n";
}

} // namespace ledgergate::route
