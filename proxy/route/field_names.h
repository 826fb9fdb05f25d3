// What the edge does with a header field, by its name alone. Hot path: one table look-up a field, by first letter, then by length.
#pragma once

#include <cstdint>
#include <string_view>

namespace ledgergate::route {

enum class FieldKind : std::uint8_t {
  ordinary,
  connection,    // Connection itself: its tokens name more fields to drop
  hop,           // means something on one connection only: dropped
  framing,       // Host, Content-Length, Transfer-Encoding, Expect: the edge writes its own
  edge_only,     // written by the edge or by nobody: whatever came under such a name is dropped
  identity,      // the same, but a route may let one of them through by its name
  credential,    // ordinary, but Connection can't name it away: who calls, for which unit, how the body reads
  forwarded_for, // X-Forwarded-For
  forwarded,     // Forwarded
  forwarding,    // other X-Forwarded-*, X-Real-IP: believed from a trusted proxy only
  via,
  date,
  transport_security, // Strict-Transport-Security
  // In these a server names itself (reply_fields.h).
  location, // Location, Content-Location and what else is one URI
  links,
  refresh,
  origins,   // Access-Control-Allow-Origin
  challenge, // WWW-Authenticate; as credential
  cookie,    // Set-Cookie; as credential
};

// Names are compared without regard to case, and every character that is neither letter nor digit counts as '-': servers that hand
// headers to programs as variables (CGI, WSGI, IIS) can't tell X_Forwarded_For from X-Forwarded-For. A twin of a name the edge
// drops is dropped; a twin of any other is ordinary.
[[nodiscard]] FieldKind request_kind(std::string_view name) noexcept;
[[nodiscard]] FieldKind reply_kind(std::string_view name) noexcept;

// Equal as such a server sees them.
[[nodiscard]] bool same_variable(std::string_view a, std::string_view b) noexcept;

} // namespace ledgergate::route
