// Letters of a path as servers take them: bytes in some character set, with or without regard to case, and what Windows makes of a
// letter that a code page lacks ("best fit").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

// How a server may read bytes from 0x80. careless: UTF-8, overlong forms taken for what they would mean, any byte taken for a
// continuation byte, and two surrogates (CESU-8) for their letter; strict: UTF-8, what is none left out.
enum class Charset : std::uint8_t { careless, strict, windows1250, windows1251 };

struct Letter {
  char32_t point = 0; // 0: bytes that mean nothing and are left out
  std::size_t size = 1;
};
// The letter at `at`, which is inside `text`.
[[nodiscard]] Letter letter_at(std::string_view text, std::size_t at, Charset charset) noexcept;

[[nodiscard]] inline std::uint32_t byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}
// Bytes of an overlong form of an ASCII character, by its first byte (RFC 3629 section 10); 0: it begins none.
[[nodiscard]] std::size_t overlong_size(std::uint32_t lead) noexcept;

// Small letters for capital ones, in any alphabet (Unicode's simple case folding).
[[nodiscard]] char32_t folded(char32_t point) noexcept;

// What a letter beyond ASCII becomes where a server makes plain ones of all letters. Both are small letters.
struct Forms {
  std::u16string_view unicode; // by NFKC and without marks, as slugs are made: mostly one letter; empty: itself
  char windows = 0;            // by the best fit of a code page that lacks it, where that is another; 0: none
  // The one letter that it is by Unicode; 0: itself, or several.
  [[nodiscard]] char32_t single() const noexcept { return unicode.size() == 1 ? unicode.front() : U'\0'; }
  // The one ASCII character that it may be, or 0.
  [[nodiscard]] char32_t plain() const noexcept {
    const char32_t one = single();
    return one != 0 && one < 0x80 ? one : static_cast<unsigned char>(windows);
  }
};
[[nodiscard]] Forms forms_of(char32_t point) noexcept;

// Marks that stand behind their letter (U+030C makes "c" a "č"); characters that no reader sees and some servers drop.
[[nodiscard]] bool combining(char32_t point) noexcept;
[[nodiscard]] bool invisible(char32_t point) noexcept;

} // namespace ledgergate::http
