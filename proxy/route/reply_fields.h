// Fields of a reply in which a server names itself, as the caller should see them. Each appends the value.
#pragma once

#include "route/outgoing.h"

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
// host's (RFC 6265 sections 5.1.4 and 5.2.3).
void append_cookie(const Facts& facts, std::string_view value, std::string& out);

} // namespace ledgergate::route
