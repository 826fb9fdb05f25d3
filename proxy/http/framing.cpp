// RFC 9112 sections 6.1 to 6.3, without the leniencies they allow. llhttp 8.1 and 9.x differ on most of this (`gzip, chunked`,
// `,chunked`, codings in HTTP/1.0, unknown codings in replies), and a server behind us may differ again: what two readers could
// understand in two ways is refused here, before either of them sees it.
#include "http/framing.h"

#include "http/chars.h"

#include <limits>
#include <optional>

namespace ledgergate::http {
namespace {

enum class Name : std::uint8_t { other, twin, connection, content_length, transfer_encoding, host, expect };

// `name` against `wanted` (lower case). CGI, WSGI and their kin turn '-' into '_', so a server behind us may take Content_Length
// for Content-Length: such a twin of a framing field is never a mistake worth keeping.
Name match(std::string_view name, std::string_view wanted, Name result) noexcept {
  bool exact = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const char c = lower(name[i]);
    if (c == wanted[i]) continue;
    if (c != '_' || wanted[i] != '-') return Name::other;
    exact = false;
  }
  return exact ? result : Name::twin;
}

Name classify(std::string_view name) noexcept {
  switch (name.size()) {
  case 4: return match(name, "host", Name::host);
  case 6: return match(name, "expect", Name::expect);
  case 10: return match(name, "connection", Name::connection);
  case 14: return match(name, "content-length", Name::content_length);
  case 17: return match(name, "transfer-encoding", Name::transfer_encoding);
  default: return Name::other;
  }
}

// Digits only, so no sign, blank, list or nothing at all; and what fits in 63 bits, so that no later sum can overflow.
std::optional<std::uint64_t> read_length(std::string_view text) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is(c, digit_byte)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (most - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

} // namespace

void Noted::note(const Field& field, std::string_view written) noexcept {
  switch (classify(field.name)) {
  case Name::other: break;
  case Name::twin: twin = true; break;
  case Name::connection:
    close = close || list_has(field.value, "close");
    keep_alive = keep_alive || list_has(field.value, "keep-alive");
    break;
  case Name::content_length:
    ++lengths;
    tab = tab || written.find('\t') != std::string_view::npos;
    length = field.value;
    break;
  case Name::transfer_encoding:
    ++codings;
    tab = tab || written.find('\t') != std::string_view::npos;
    coding = field.value;
    break;
  case Name::host:
    ++hosts;
    host = field.value;
    break;
  case Name::expect:
    odd_expectation = odd_expectation || expects || !iequals(field.value, "100-continue"); // twice is odd, too
    expects = true;
    break;
  }
}

Result<Framing> explicit_framing(const Noted& noted, std::uint8_t minor, Cause coding, Cause length) noexcept {
  // Right by the RFC's letter, but no honest sender writes it, llhttp stumbles over it, and parsers were fooled with it.
  if (noted.tab) return Error{noted.codings > 0 ? coding : length, "tab beside a framing value"};
  if (noted.codings > 0) {
    if (noted.lengths > 0) return Error{coding, "Transfer-Encoding and Content-Length"};
    if (minor == 0) return Error{coding, "Transfer-Encoding in HTTP/1.0"};
    if (noted.codings > 1) return Error{coding, "several Transfer-Encoding fields"};
    if (!iequals(noted.coding, "chunked")) return Error{coding, "a transfer coding other than chunked"};
    return Framing{BodyKind::chunked, 0};
  }
  if (noted.lengths > 0) {
    if (noted.lengths > 1) return Error{length, "several Content-Length fields"};
    const std::optional<std::uint64_t> value = read_length(noted.length);
    if (!value) return Error{length, "Content-Length is not a number of bytes"};
    return Framing{BodyKind::length, *value};
  }
  return Framing{};
}

Framing reply_body(const Framing& said, std::uint16_t status, Method to) noexcept {
  // Section 6.3 rule 1: whatever the fields say, these have no body. The fields stay: HEAD and 304 tell the length of what was not
  // sent.
  if (to == Method::head || status < 200 || status == 204 || status == 304) return Framing{};
  if (said.kind == BodyKind::none) return Framing{BodyKind::until_close, 0};
  return said;
}

} // namespace ledgergate::http
