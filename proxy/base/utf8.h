// Reading UTF-8 (RFC 3629), one character at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace ledgergate {

inline constexpr char32_t kReplacement = 0xFFFD; // stands for bytes that are no character

struct Character {
  std::size_t length = 0; // in bytes; 0: the bytes at the beginning are not UTF-8
  char32_t point = 0;
};

// The character at the beginning of `text`, which isn't empty. Section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] Character decode_utf8(std::string_view text) noexcept;

// The same, taken off `text`: kReplacement for a byte that is not UTF-8.
[[nodiscard]] char32_t take_character(std::string_view& text) noexcept;

} // namespace ledgergate
