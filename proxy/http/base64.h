// Base64 (RFC 4648 section 4) and what HTTP puts into it.
#pragma once

#include <string>
#include <string_view>

namespace ledgergate::http {

// In full: alphabet, padding, no blanks. False: it is none (`out` is then of no meaning). What `out` held before is gone, not
// wiped.
[[nodiscard]] bool decode_base64(std::string_view token, std::string& out);
void append_base64(std::string_view bytes, std::string& out);

// A field value of the Basic scheme (RFC 7617 section 2): `pair` becomes `user:password`. False: another scheme, or no such pair.
[[nodiscard]] bool read_basic(std::string_view value, std::string& pair);

} // namespace ledgergate::http
