// The encodings that accounting programs write their XML in, and how text of ours goes out in them.
//
// Tables, not iconv(3): glibc loads a module from disk for each of these encodings at its first use, which inside a sandbox or a
// bare container is a way to fail just when a failure is to be told. A test holds the tables to iconv's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate {

enum class Encoding : std::uint8_t { utf8, windows_1250, iso_8859_2, utf16 };

// The upper half of the one-byte encodings: character of byte 0x80 + index. 0: the byte has none. (unicode.org, CP1250.TXT; the
// C1 controls of ISO 8859-2 are left out: XML 1.0 has no use for them.)
extern const std::array<char16_t, 128> kWindows1250, kIso88592;

// By a label of the IANA registry, or a usual alias of it, without regard to case ("windows-1250", "cp1250", "latin2"); nothing for
// any other. utf-16be and utf-16le count as utf16.
[[nodiscard]] std::optional<Encoding> find_encoding(std::string_view label) noexcept;

// The label that Content-Type and the XML declaration say; a literal.
[[nodiscard]] std::string_view label(Encoding encoding) noexcept;

// What stands before the first character: the byte order mark of UTF-16 (little-endian here, as Windows writes it), else nothing.
void append_mark(Encoding encoding, std::string& out);

// Appends one character; false, and nothing appended, when the encoding has no bytes for it.
[[nodiscard]] bool append_character(char32_t point, Encoding encoding, std::string& out);

} // namespace ledgergate
