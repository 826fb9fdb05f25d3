// Percent-decoding of a path (RFC 3986 section 2.1), one round at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::http {

// What a round found: nothing to decode; something; something, and a '%' that begins no escape and stays; a byte that must not come
// out of an escape: NUL and the other controls, or a slash or backslash where a name should begin (see path.cpp).
enum class Decoded : std::uint8_t { same, changed, malformed, forbidden };

// Of the second round and later ones: %u002E is what IIS took for U+002E, and scripts behind it do.
enum class Escapes : bool { plain, wide_too };

// What becomes of an encoded slash or backslash: itself, or a mark that tells it from one that was none. No text holds these bytes
// otherwise: they are controls, and those are forbidden.
enum class Slashes : bool { plain, marked };
inline constexpr char marked_slash = '\x01';
inline constexpr char marked_backslash = '\x02';

// Decodes `text` where it stands. After `forbidden` its content means nothing.
[[nodiscard]] Decoded decode(std::string& text, Escapes escapes, Slashes slashes = Slashes::plain) noexcept;

// Escapes in another dress: a '%', or hexadecimal digits, that NFKC or a Windows code page makes of other characters ("％６１",
// "٪61"). Letters with marks are no digits. Behind undress_escapes() they are plain ones, to be decoded; it makes the text no
// longer.
[[nodiscard]] bool holds_dressed_escapes(std::string_view text) noexcept;
void undress_escapes(std::string& text) noexcept;

} // namespace ledgergate::http
