// The character sets that are read: more than base/encode.h writes, since callers are many.
//
// docs/vendors.md, mServer and Shops: XML is Windows-1250, replies may also be UTF-8; older exporters write ISO-8859-2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledgergate::inspect {

enum class Charset : std::uint8_t { utf8, utf16, ascii, windows1250, windows1252, iso8859_1, iso8859_2 };

// The set of this name (an XML encoding declaration, a charset parameter), without regard to case. Empty: a name that is not known.
[[nodiscard]] std::optional<Charset> charset_named(std::string_view name) noexcept;

// The name to declare it by.
[[nodiscard]] std::string_view to_string(Charset charset) noexcept;

// Whether bytes below 0x80 mean ASCII, and nothing but ASCII is written with them.
[[nodiscard]] constexpr bool ascii_compatible(Charset charset) noexcept { return charset != Charset::utf16; }

// Whether each byte is a character of its own.
[[nodiscard]] bool one_byte(Charset charset) noexcept;
// The character of a byte in such a set. Bytes that the set leaves open mean the control character of the same number, which is how
// Windows reads them.
[[nodiscard]] std::uint16_t character_of(Charset charset, unsigned char byte) noexcept;

// The charset parameter of a Content-Type value ("text/xml; charset=Windows-1250"). Empty when there is none; mServer
// sends "text/xml;" with nothing behind it.
[[nodiscard]] std::string_view charset_parameter(std::string_view content_type) noexcept;

} // namespace ledgergate::inspect
