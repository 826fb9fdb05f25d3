// Every failure is a value that names its side and its cause (docs/invariants.md, "Failures are named").
//
// `Cause` is the finest grain: one row of the table in error.cpp turns it into
//   * the side that failed (client, edge, upstream),
//   * the RFC 9209 section 2.3 proxy error type for `Proxy-Status`,
//   * the HTTP status code a caller sees,
//   * the words that the log and the caller may read (never a LAN address).
// Nothing else in the program maps a failure to a status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate {

enum class Side : std::uint8_t { client, edge, upstream };

enum class Cause : std::uint8_t {
  // The caller's doing.
  client_gone,            // hung up before its answer was complete
  client_head_timeout,    // head not complete in time
  client_body_timeout,    // body slower than the minimum rate
  client_write_timeout,   // reads its answer slower than the minimum rate
  client_tls,             // TLS handshake or record failure on the caller's side
  bad_request,            // syntax of the head
  bad_framing,            // Content-Length, Transfer-Encoding, chunks
  bad_host,               // missing, repeated or malformed Host
  bad_target,             // malformed request target or a path that climbs out
  head_too_large,         // 431
  target_too_long,        // 414
  body_too_large,         // 413
  method_not_implemented, // CONNECT, TRACE, unknown words: 501
  method_not_allowed,     // known, but not on this endpoint: 405
  http_version,           // neither HTTP/1.0 nor HTTP/1.1: 505
  expectation,            // an Expect other than 100-continue: 417
  misdirected,            // SNI and Host disagree where policy depends on SNI: 421
  no_route,               // 404
  forbidden,              // 403
  https_required,         // 403: a body or a password arrived in clear on a redirecting listener
  login_required,         // 401: the route wants to know who calls
  login_failed,           // 401: a wrong key, user or password for the edge
  certificate_required,   // 403: a client certificate is what this route asks for
  client_disabled,        // 403: known, and disabled or outside its dates
  address_denied,         // 403: known, but not from this address
  locked_out,             // 429: too many failed logins
  rate_limited,           // 429: more than this caller's share
  credentials_missing,    // 401: none, or effectively none, where the route requires the caller's own for the server
  body_unreadable,        // 400: rules need what the body says, and it can't be read beyond doubt
  unsupported_coding,     // 415: a Content-Encoding that is not known, of a body that has to be read here
  operation_denied,       // 403: the body asks for what this caller may not do
  unit_unknown,           // 404: the accounting unit in the request is not one of the route's
  // The edge's own doing.
  no_capacity,   // a bound of ours is reached: 503
  queue_full,    // too many wait for this server already: 503
  queue_timeout, // its turn did not come in time: 503
  server_closed, // outside the server's opening hours: 503
  server_down,   // it is known not to be there, so nothing was tried: 503
  draining,      // shutting down: 503
  out_of_memory, // allocation failed in this request: 503
  spool_full,    // all bodies kept at the edge, or those of this client, hold what they may: 503
  spool_failed,  // no room for a body on disk: 507
  internal,      // a bug or a resource of the edge: 500
  // The server's side.
  dns_error,
  dns_timeout,
  connect_refused,
  connect_unreachable,
  connect_failed,
  connect_timeout,
  upstream_tls,
  upstream_certificate,
  upstream_write_failed,  // it closed or reset while the request was being sent
  upstream_write_timeout, // it does not take the request
  upstream_closed,        // closed before a complete reply head
  upstream_reset,         // reset before a complete reply head
  reply_timeout,          // no reply head in time
  reply_stalled,          // reply began, then nothing in time
  reply_unparsable,       // the head is not HTTP, or is not believed
  reply_head_too_large,
  reply_truncated,     // body ended early
  reply_bad_coding,    // transfer coding not understood, bad chunk
  reply_too_large,     // beyond the server's reply_limit
  reply_wrong_type,    // not the media type that this caller can read (eshop: text/xml)
  reply_bad_length,    // the stated length fits neither the bytes nor the characters that came
  server_refused_edge, // 401 to the credentials that the edge put in: the caller can't mend it
  upgrade_failed,
};

inline constexpr std::size_t kCauseCount = static_cast<std::size_t>(Cause::upgrade_failed) + 1; // the last one

// Everything the mapping knows of one cause. All strings are literals.
struct CauseInfo {
  Cause cause;
  Side side;
  std::uint16_t status;         // 0: no reply can be sent for it
  std::string_view name;        // our word, in logs and in `details`
  std::string_view proxy_error; // RFC 9209 section 2.3 error type
  std::string_view text;        // one sentence for the caller, in English
};

// Never fails: every Cause has a row (a test holds the table against the enum).
[[nodiscard]] const CauseInfo& describe(Cause cause) noexcept;
[[nodiscard]] std::string_view to_string(Side side) noexcept;

// A failure. `detail` is a literal that says more for the log; may be empty; never a secret.
struct Error {
  Cause cause = Cause::internal;
  std::string_view detail{};
};

} // namespace ledgergate
