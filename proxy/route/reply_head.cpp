#include "route/connection_options.h"

#include "base/prepare_thread.h"
#include "route/date.h"
#include "route/field_names.h"
#include "route/forwarding.h"
#include "route/header_rules.h"
#include "route/outgoing.h"
#include "route/reason.h"
#include "route/reply_fields.h"
#include "route/text.h"

namespace ledgergate::route {
namespace {

thread_local ConnectionOptions options; // reused, so that it allocates once a thread
const PreparedThread prepared([] { options.read({}); });

struct Seen {
  bool via = false;
  bool date = false;
};

void append_status_line(const http::ReplyHead& reply, std::string& out) {
  out += "HTTP/1.1 ";
  append_number(reply.status, out);
  out += ' ';
  out += reply.reason.empty() ? standard_reason(reply.status) : reply.reason;
  out += "\r\n";
}

void append_as_seen(const Facts& facts, FieldKind kind, const http::Field& field, std::string& out) {
  const auto start = out.size();
  out += field.name;
  out += ": ";
  switch (kind) {
  case FieldKind::location: append_location(facts, field.value, out); break;
  case FieldKind::links: append_links(facts, field.value, out); break;
  case FieldKind::refresh: append_refresh(facts, field.value, out); break;
  case FieldKind::cookie:
    if (append_cookie(facts, field.value, out)) break;
    out.resize(start);
    return;
  case FieldKind::challenge: append_challenges(facts, field.value, out); break;
  case FieldKind::origins:
    if (append_origins(facts, field.value, out)) break;
    out.resize(start);
    return;
  default: out += field.value;
  }
  out += "\r\n";
}

// RFC 9110 section 8.6: no Content-Length in 1xx and 204.
bool keeps_length(const http::ReplyHead& reply, ReplyFraming framing, const http::Field& field) noexcept {
  return framing == ReplyFraming::none && reply.status >= 200 && reply.status != 204 && http::iequals(field.name, "Content-Length");
}

// RFC 6797 section 7.2: never over plain HTTP. Over TLS the route's own word counts, where it has one.
bool keeps_transport_security(const Facts& facts) noexcept { return facts.tls && facts.route->hsts.empty(); }

Seen append_fields(const Facts& facts, const http::ReplyHead& reply, ReplyFraming framing, std::string& out) {
  options.read(reply.fields);
  const auto& rules = facts.route->reply_headers;
  Seen seen;
  for (const auto& field : reply.fields) {
    const auto kind = reply_kind(field.name);
    bool dropped = false;
    switch (kind) {
    case FieldKind::connection:
    case FieldKind::hop:
    case FieldKind::edge_only: dropped = true; break;
    case FieldKind::framing: dropped = !keeps_length(reply, framing, field); break;
    case FieldKind::transport_security: dropped = !keeps_transport_security(facts); break;
    case FieldKind::via: seen.via = dropped = true; break;
    case FieldKind::date: seen.date = true; break;
    case FieldKind::challenge:
    case FieldKind::cookie: break;
    default: dropped = options.names(field.name);
    }
    if (dropped || (kind != FieldKind::framing && replaced(rules, field.name))) continue;
    if (facts.route->map_location)
      append_as_seen(facts, kind, field, out);
    else
      append_field(field.name, field.value, out);
  }
  return seen;
}

void append_framing(ReplyFraming framing, std::uint64_t length, std::string& out) {
  switch (framing) {
  case ReplyFraming::none:
  case ReplyFraming::until_close: return;
  case ReplyFraming::chunked: out += "Transfer-Encoding: chunked\r\n"; return;
  case ReplyFraming::length:
    out += "Content-Length: ";
    append_number(length, out);
    out += "\r\n";
  }
}

void append_connection(const Facts& facts, const http::ReplyHead& reply, ReplyFraming framing, bool keep_alive, std::string& out) {
  if (reply.status == 101)
    out += "Connection: Upgrade\r\nUpgrade: websocket\r\n"; // verified: http/websocket.h
  else if (!keep_alive || framing == ReplyFraming::until_close)
    out += "Connection: close\r\n";
  else if (facts.request->minor == 0) // RFC 9112 section 9.3: it has to be told
    out += "Connection: keep-alive\r\n";
}

} // namespace

void append_reply_head(const Facts& facts, const http::ReplyHead& reply, ReplyFraming framing, std::uint64_t length,
                       bool keep_alive, std::string& out) {
  const auto& rules = facts.route->reply_headers;
  append_status_line(reply, out);
  const auto seen = append_fields(facts, reply, framing, out);
  append_framing(framing, length, out);
  // RFC 9110 section 6.6.1: a recipient with a clock adds the Date that is missing.
  if (!seen.date && reply.status >= 200 && !replaced(rules, "Date")) append_field("Date", http_date(std::time(nullptr)), out);
  if (facts.tls && !facts.route->hsts.empty() && !replaced(rules, "Strict-Transport-Security")) {
    out += "Strict-Transport-Security: ";
    append_clean(facts.route->hsts, out);
    out += "\r\n";
  }
  if (!replaced(rules, "X-Request-ID")) append_field("X-Request-ID", facts.request_id, out);
  if (!replaced(rules, "Via")) append_via(reply.fields, seen.via, reply.minor, out);
  if (!facts.rate_left.empty()) { // draft-ietf-httpapi-ratelimit-headers-11
    append_field("RateLimit-Policy", facts.rate_policy, out);
    append_field("RateLimit", facts.rate_left, out);
  }
  // RFC 4559 section 6: what a proxy says that gives no caller's connection to another.
  if (facts.keeps_connection_login && !replaced(rules, "Proxy-Support"))
    append_field("Proxy-Support", "Session-Based-Authentication", out);
  append_rules(rules, facts, out);
  append_connection(facts, reply, framing, keep_alive, out);
  out += "\r\n";
}

} // namespace ledgergate::route
