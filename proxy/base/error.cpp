#include "base/error.h"

#include <array>
#include <cstddef>

namespace ledgergate {
namespace {

using enum Cause;
using enum Side;

// side, RFC 9209 cause -> status. The one table of the 408/413/431/502/503/504 mapping.
// RFC 9209 has no type for "the caller was slow": http_request_error carries it and `details` names it.
constexpr auto kCauses = std::to_array<CauseInfo>({
    {client_gone, client, 0, "client_gone", "http_request_error", "The caller hung up."},
    {client_head_timeout, client, 408, "client_head_timeout", "http_request_error", "The request did not arrive in time."},
    {client_body_timeout, client, 408, "client_body_timeout", "http_request_error", "The request body arrived too slowly."},
    {client_write_timeout, client, 0, "client_write_timeout", "connection_write_timeout", "The caller took its answer too slowly."},
    {client_tls, client, 0, "client_tls", "tls_protocol_error", "The TLS connection of the caller failed."},
    {bad_request, client, 400, "bad_request", "http_request_error", "The request is not valid HTTP."},
    {bad_framing, client, 400, "bad_framing", "http_request_error", "The length of the request body is not stated clearly."},
    {bad_host, client, 400, "bad_host", "http_request_error", "The Host of the request is missing or malformed."},
    {bad_target, client, 400, "bad_target", "http_request_error", "The address in the request line is malformed."},
    {head_too_large, client, 431, "head_too_large", "http_request_error", "The request headers are too large."},
    {target_too_long, client, 414, "target_too_long", "http_request_error", "The address in the request line is too long."},
    {body_too_large, client, 413, "body_too_large", "http_request_error", "The request body is larger than this route allows."},
    {method_not_implemented, client, 501, "method_not_implemented", "http_request_error", "This method is not supported."},
    {method_not_allowed, client, 405, "method_not_allowed", "http_request_error", "This method is not allowed here."},
    {http_version, client, 505, "http_version", "http_request_error", "Only HTTP/1.0 and HTTP/1.1 are spoken here."},
    {expectation, client, 417, "expectation", "http_request_error", "The expectation of the request can't be met."},
    {misdirected, client, 421, "misdirected", "http_request_error", "This connection was opened for another host name."},
    {no_route, client, 404, "no_route", "destination_not_found", "Nothing is published at this address."},
    {forbidden, client, 403, "forbidden", "http_request_denied", "This is not allowed."},
    {https_required, client, 403, "https_required", "http_request_denied",
     "Use https: this request carried data or a password in clear text."},
    {login_required, client, 401, "login_required", "http_request_denied", "A login is needed here."},
    {login_failed, client, 401, "login_failed", "http_request_denied", "The login is not right."},
    {certificate_required, client, 403, "certificate_required", "http_request_denied", "A client certificate is needed here."},
    {client_disabled, client, 403, "client_disabled", "http_request_denied", "This login is switched off or no longer valid."},
    {address_denied, client, 403, "address_denied", "http_request_denied", "This login is not allowed from your address."},
    {locked_out, client, 429, "locked_out", "http_request_denied", "Too many failed logins; wait before the next one."},
    {rate_limited, client, 429, "rate_limited", "http_request_denied", "Too many requests from you; send them more slowly."},
    {credentials_missing, client, 401, "credentials_missing", "http_request_denied",
     "The user and password for the server are missing."},
    {body_unreadable, client, 400, "body_unreadable", "http_request_error", "The request body can't be read without doubt."},
    {unsupported_coding, client, 415, "unsupported_coding", "http_request_error",
     "The Content-Encoding of the request is not supported."},
    {operation_denied, client, 403, "operation_denied", "http_request_denied", "You may not do what this request asks for."},
    {unit_unknown, client, 404, "unit_unknown", "destination_not_found",
     "The accounting unit in the request is not served at this address."},
    {no_capacity, edge, 503, "no_capacity", "connection_limit_reached", "Too many requests at once; try again shortly."},
    {queue_full, edge, 503, "queue_full", "connection_limit_reached", "Too many requests wait for the server; try again later."},
    {queue_timeout, edge, 503, "queue_timeout", "connection_limit_reached",
     "The server was busy with others for too long; try again later."},
    {server_closed, edge, 503, "server_closed", "destination_unavailable",
     "The server is closed at this hour; try again when it opens."},
    {server_down, edge, 503, "server_down", "destination_unavailable", "The server is down; try again later."},
    {draining, edge, 503, "draining", "proxy_internal_error", "The edge is restarting; try again shortly."},
    {out_of_memory, edge, 503, "out_of_memory", "proxy_internal_error",
     "The edge has no memory for this request; try again shortly."},
    {spool_full, edge, 503, "spool_full", "proxy_internal_error", "The edge keeps too much for others already; try again later."},
    {spool_failed, edge, 507, "spool_failed", "proxy_internal_error", "The edge has no room on its disk for this exchange."},
    {internal, edge, 500, "internal", "proxy_internal_error", "The edge failed."},
    {dns_error, upstream, 502, "dns_error", "dns_error", "The name of the server can't be resolved."},
    {dns_timeout, upstream, 504, "dns_timeout", "dns_timeout", "The name of the server was not resolved in time."},
    {connect_refused, upstream, 502, "connect_refused", "connection_refused", "The server refused the connection."},
    {connect_unreachable, upstream, 502, "connect_unreachable", "destination_ip_unroutable", "The server can't be reached."},
    {connect_failed, upstream, 502, "connect_failed", "destination_unavailable", "No connection to the server could be made."},
    {connect_timeout, upstream, 504, "connect_timeout", "connection_timeout", "The server did not accept the connection in time."},
    {upstream_tls, upstream, 502, "upstream_tls", "tls_protocol_error", "The TLS connection to the server failed."},
    {upstream_certificate, upstream, 502, "upstream_certificate", "tls_certificate_error",
     "The certificate of the server is not trusted."},
    {upstream_write_failed, upstream, 502, "upstream_write_failed", "connection_terminated",
     "The server closed the connection while the request was being sent."},
    {upstream_write_timeout, upstream, 504, "upstream_write_timeout", "connection_write_timeout",
     "The server did not take the request in time."},
    {upstream_closed, upstream, 502, "upstream_closed", "connection_terminated",
     "The server closed the connection without an answer."},
    {upstream_reset, upstream, 502, "upstream_reset", "connection_terminated",
     "The server broke the connection without an answer."},
    {reply_timeout, upstream, 504, "reply_timeout", "http_response_timeout", "The server did not answer in time."},
    {reply_stalled, upstream, 504, "reply_stalled", "connection_read_timeout", "The server stopped in the middle of its answer."},
    {reply_unparsable, upstream, 502, "reply_unparsable", "http_protocol_error", "The answer of the server is not valid HTTP."},
    {reply_head_too_large, upstream, 502, "reply_head_too_large", "http_response_header_section_size",
     "The headers of the server's answer are too large."},
    {reply_truncated, upstream, 502, "reply_truncated", "http_response_incomplete", "The answer of the server is incomplete."},
    {reply_bad_coding, upstream, 502, "reply_bad_coding", "http_response_transfer_coding",
     "The framing of the server's answer is broken."},
    {reply_too_large, upstream, 502, "reply_too_large", "http_response_body_size",
     "The answer of the server is larger than what the edge takes from it."},
    {reply_wrong_type, upstream, 502, "reply_wrong_type", "http_protocol_error",
     "The server answered with something other than text/xml."},
    {reply_bad_length, upstream, 502, "reply_bad_length", "http_protocol_error",
     "The length of the server's answer is not what it said."},
    {server_refused_edge, upstream, 502, "server_refused_edge", "proxy_configuration_error",
     "The server does not accept the user and password that the edge holds for it."},
    {upgrade_failed, upstream, 502, "upgrade_failed", "http_upgrade_failed", "The server did not switch protocols as agreed."},
});

// describe() indexes by the enum's value: the rows must stand in its order.
constexpr bool in_order() {
  for (std::size_t i = 0; i < kCauses.size(); ++i)
    if (static_cast<std::size_t>(kCauses[i].cause) != i) return false;
  return kCauses.size() == kCauseCount;
}
static_assert(in_order());

} // namespace

const CauseInfo& describe(Cause cause) noexcept { return kCauses[static_cast<std::size_t>(cause)]; }

std::string_view to_string(Side side) noexcept {
  switch (side) {
  case client: return "client";
  case edge: return "edge";
  case upstream: return "upstream";
  }
  return "edge";
}

} // namespace ledgergate
