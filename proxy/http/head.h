// Message heads as views. A head never owns bytes: every string_view points into the buffer the head was parsed from, and is good
// until that buffer is consumed. The objects are reused from request to request (clear() keeps capacity), so the steady state
// allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ledgergate::http {

enum class Method : std::uint8_t { get, head, post, put, delete_, options, patch, other };

// RFC 9110 section 9.2.1: what may be repeated or dropped without harm.
[[nodiscard]] constexpr bool is_safe(Method method) noexcept {
  return method == Method::get || method == Method::head || method == Method::options;
}

struct Field {
  std::string_view name;  // the sender's spelling
  std::string_view value; // without white space around it; bytes 0x80-0xFF as they came
};

// How the body behind a head is delimited (RFC 9112 section 6.3).
enum class BodyKind : std::uint8_t { none, length, chunked, until_close };
struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0; // of `length`

  // Whether anything may come, or go. `Content-Length: 0` says of any method that nothing does (RFC 9110 section 8.6): it means
  // what a head without framing means. How much a chunked body has is not known.
  [[nodiscard]] constexpr bool has_content() const noexcept {
    return kind != BodyKind::none && (kind != BodyKind::length || length != 0);
  }
};

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target; // as received
  std::uint8_t minor = 1;  // HTTP/1.<minor>: 0 or 1
  std::vector<Field> fields;
  Framing body;
  bool keep_alive = true;        // what version and Connection say together
  bool connection_close = false; // `Connection: close` was sent, or HTTP/1.0 without keep-alive: a reader that may not know chunked
  bool expect_continue = false;
  std::string_view host; // the Host field's value; empty when absent
  bool has_host = false;

  void clear() noexcept;
};

struct ReplyHead {
  std::uint16_t status = 0;
  std::string_view reason;
  std::uint8_t minor = 1;
  std::vector<Field> fields;
  Framing body; // with HEAD, 1xx, 204 and 304 taken into account
  bool keep_alive = true;

  void clear() noexcept;
};

// docs/invariants.md, "What the client could decode before": a reader that speaks HTTP/1.0 or asked to close may not know the
// chunked coding.
[[nodiscard]] inline bool knows_chunked(const RequestHead& request) noexcept {
  return request.minor == 1 && !request.connection_close;
}

// ASCII case-insensitive equality, as field names need it.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;
// Whether a comma-separated list (RFC 9110 section 5.6.1) holds the token, case-insensitively.
[[nodiscard]] bool list_has(std::string_view list, std::string_view token) noexcept;
// Hop-by-hop by name (RFC 9110 section 7.6.1 and the old ones): Connection, Keep-Alive, Proxy-Connection, TE, Trailer,
// Transfer-Encoding, Upgrade, Proxy-Authenticate, Proxy-Authorization, Proxy-Authentication-Info.
[[nodiscard]] bool is_hop_by_hop(std::string_view name) noexcept;

} // namespace ledgergate::http
