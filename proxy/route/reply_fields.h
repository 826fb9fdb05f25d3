// Fields of a reply in which a server names itself, as the caller should see them. Each appends the value.
#pragma once

#include "route/outgoing.h"
#include "route/server_names.h"

#include <string>
#include <string_view>

namespace ledgergate::route {

// One URI: Location, Content-Location and their kind.
void append_location(const Facts& facts, std::string_view value, std::string& out);
// Link (RFC 8288), and URI of RFC 2068 section 19.6.2.5: <URI>s in a list, and the URI of `anchor`.
void append_links(const Facts& facts, std::string_view value, std::string& out);
// Refresh, read as browsers do (https://html.spec.whatwg.org/#shared-declarative-refresh-steps).
void append_refresh(const Facts& facts, std::string_view value, std::string& out);
// Set-Cookie: its Path becomes the public one, and a Domain that is the server's is left out, so that the cookie is the public
// host's (RFC 6265 sections 5.1.4 and 5.2.3). A Path=/ stays where the cookie's name promises it (__Host-). False: nothing is left.
[[nodiscard]] bool append_cookie(const Facts& facts, std::string_view value, std::string& out);
// Access-Control-Allow-Origin and its kind: an origin, or a list of them. One that the caller has named itself (Origin) stays,
// since its browser looks for that. False, and nothing appended: the caller knows no name of this place, so nothing can be said.
[[nodiscard]] bool append_origins(const Facts& facts, std::string_view value, std::string& out);
// WWW-Authenticate: the server's host, or a URL of it, in a realm that is for people. That of Digest is part of what is hashed.
void append_challenges(const Facts& facts, std::string_view value, std::string& out);

// Behind the quoted string that begins at `at` (RFC 9110 section 5.6.4), or at the end.
[[nodiscard]] std::size_t behind_quoted(std::string_view text, std::size_t at) noexcept;
// "https://host" as the caller knows this place; false, and nothing appended: it named none.
[[nodiscard]] bool append_known_origin(const Facts& facts, const Reference& reference, Named named, std::string& out);
// The "host[:port]" of that; perhaps nothing.
void append_known_authority(const Facts& facts, std::string& out);

} // namespace ledgergate::route
