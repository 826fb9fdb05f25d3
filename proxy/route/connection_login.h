// Logins that belong to the connection they are made on: NTLM and Negotiate (RFC 4559; MS-NTHT for NTLM). All others belong to the
// request that carries them.
#pragma once

#include "http/head.h"

#include <string_view>

namespace ledgergate::route {

// Whether the value of Authorization or WWW-Authenticate, which may hold several challenges, names such a scheme. Anything that
// could be read as one does.
[[nodiscard]] bool names_connection_scheme(std::string_view value) noexcept;

// Whether the server could take this request, or has taken it by what its reply says, for a part of such a login: then whatever
// follows on that connection may be that user's.
[[nodiscard]] bool begins_connection_login(const http::RequestHead& request) noexcept;
[[nodiscard]] bool tells_connection_login(const http::ReplyHead& reply) noexcept;

} // namespace ledgergate::route
