// Base64 (RFC 4648 section 4) and what HTTP puts into it.
#pragma once

#include <string>
#include <string_view>

namespace ledgergate::http {

// In full: alphabet, padding, no blanks. False: it is none (`out` is then of no meaning). What `out` held before is gone, not
// wiped.
[[nodiscard]] bool decode_base64(std::string_view token, std::string& out);
// Of the alphabet; padding is none of it.
[[nodiscard]] bool in_base64(char c) noexcept;
// What decoders read that mind neither padding nor alphabet, and pass over what is no base64 (PHP's): the letters of `token`, those
// of base64url (section 5) as the usual ones, without a last one that says nothing by itself. No padding; there is room for it.
void append_letters_of_base64(std::string_view token, std::string& out);
void append_base64(std::string_view bytes, std::string& out);

// A field value of the Basic scheme (RFC 7617 section 2): `pair` becomes `user:password`. False: another scheme, or no such pair.
[[nodiscard]] bool read_basic(std::string_view value, std::string& pair);

} // namespace ledgergate::http
