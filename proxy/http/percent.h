// Percent-decoding of a path (RFC 3986 section 2.1), one round at a time.
#pragma once

#include <cstdint>
#include <string>

namespace ledgergate::http {

// What a round found: nothing to decode; something; something, and a '%' that begins no escape and stays; a byte that must not come
// out of an escape: NUL and the other controls, or a slash or backslash that begins a name of nothing (see path.cpp).
enum class Decoded : std::uint8_t { same, changed, malformed, forbidden };

// Of the second round and later ones: %u002E is what IIS took for U+002E, and scripts behind it do.
enum class Escapes : bool { plain, wide_too };

// Decodes `text` where it stands. After `forbidden` its content means nothing.
[[nodiscard]] Decoded decode(std::string& text, Escapes escapes) noexcept;

} // namespace ledgergate::http
