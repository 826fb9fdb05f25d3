#include "http/percent.h"

#include "http/chars.h"
#include "http/letters.h"

#include <array>
#include <cstddef>

namespace ledgergate::http {
namespace {

constexpr std::size_t no_escape = 0;

// The value of `digits` hexadecimal digits at `at`; false when there are fewer.
bool hex_digits(std::string_view text, std::size_t at, std::size_t digits, std::uint32_t& value) noexcept {
  if (text.size() < at + digits) return false;
  value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (!is(text[i], hex_byte)) return false;
    value = value << 4 | hex_value(text[i]);
  }
  return true;
}

// The size of the escape at `at`, which stands for `value`: a byte, or, `wide`, a code point of two bytes or fewer.
std::size_t escape_at(std::string_view text, std::size_t at, Escapes escapes, std::uint32_t& value, bool& wide) noexcept {
  wide = false;
  if (hex_digits(text, at + 1, 2, value)) return 3;
  if (escapes == Escapes::plain || text.size() - at < 2 || lower(text[at + 1]) != 'u') return no_escape;
  wide = true;
  return hex_digits(text, at + 2, 4, value) ? 6 : no_escape;
}

bool separator(char c) noexcept { return c == '/' || c == '\\'; }

// Of two escapes %uD835%uDC1A the letter that both mean, in UTF-16.
std::uint32_t with_low_surrogate(std::string_view text, std::size_t at, std::uint32_t high) noexcept {
  std::uint32_t low = 0;
  bool wide = false;
  if (high < 0xD800 || high > 0xDBFF || at >= text.size() || text[at] != '%') return 0;
  if (escape_at(text, at, Escapes::wide_too, low, wide) == no_escape || !wide || low < 0xDC00 || low > 0xDFFF) return 0;
  return 0x10000 + ((high & 0x3FF) << 10 | (low & 0x3FF));
}

// A character of an escape, plain or in another dress; 0: none.
struct Digit {
  char as = 0;
  std::size_t size = 1;
};
Digit digit_at(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return {};
  if (byte_at(text, at) < 0x80) return {text[at]};
  const Letter letter = letter_at(text, at, Charset::strict);
  const bool accented = letter.point < 0x250 || (letter.point >= 0x1E00 && letter.point < 0x1F00);
  const char32_t plain = accented ? 0 : forms_of(letter.point).plain();
  return {static_cast<char>(plain), letter.size};
}

// The escape at `at`, in plain letters, where any of it is in another dress; its size there, or 0.
std::size_t dressed_escape(std::string_view text, std::size_t at, std::array<char, 6>& plain, std::size_t& length) noexcept {
  length = 2 + 1;
  std::size_t from = at;
  for (std::size_t i = 0; i < length; ++i) {
    const Digit digit = digit_at(text, from);
    if (i == 0 && digit.as != '%') return 0;
    if (i == 1 && lower(digit.as) == 'u')
      length = plain.size();
    else if (i > 0 && !is(digit.as, hex_byte))
      return 0;
    plain[i] = digit.as;
    from += digit.size;
  }
  return from - at == length ? 0 : from - at;
}

char marked(char c) noexcept { return c == '/' ? marked_slash : c == '\\' ? marked_backslash : c; }

} // namespace

Decoded decode(std::string& text, Escapes escapes, Slashes slashes) noexcept {
  std::size_t from = text.find('%');
  if (from == std::string::npos) return Decoded::same;
  bool malformed = false;
  bool changed = false;
  bool behind_escaped = false; // directly behind an escape of a slash: that stands within a name, and so does this
  std::size_t to = from;
  while (from < text.size()) {
    std::uint32_t value = 0;
    bool wide = false;
    const std::size_t size = text[from] == '%' ? escape_at(text, from, escapes, value, wide) : no_escape;
    if (size == no_escape) {
      malformed = malformed || text[from] == '%';
      behind_escaped = false;
      text[to++] = text[from++];
      continue;
    }
    changed = true;
    from += size;
    if (const std::uint32_t pair = wide ? with_low_surrogate(text, from, value) : 0; pair != 0) {
      from += size;
      for (const std::uint32_t byte :
           {0xF0 | pair >> 18, 0x80 | (pair >> 12 & 0x3F), 0x80 | (pair >> 6 & 0x3F), 0x80 | (pair & 0x3F)})
        text[to++] = static_cast<char>(byte);
      continue;
    }
    if (wide && value >= 0x80) { // as UTF-8: three bytes at most, and the escape had six
      if (value >= 0x800) text[to++] = static_cast<char>(0xE0 | value >> 12);
      text[to++] = static_cast<char>(value >= 0x800 ? 0x80 | (value >> 6 & 0x3F) : 0xC0 | value >> 6);
      text[to++] = static_cast<char>(0x80 | (value & 0x3F));
      continue;
    }
    const char c = static_cast<char>(value);
    if (!is(c, value_byte) || c == '\t') return Decoded::forbidden;
    const bool slash = c == '/' || c == '\\';
    if (slash && !behind_escaped && to != 0 && separator(text[to - 1])) return Decoded::forbidden;
    behind_escaped = slash;
    text[to++] = slashes == Slashes::marked ? marked(c) : c;
  }
  text.resize(to);
  if (malformed) return Decoded::malformed;
  return changed ? Decoded::changed : Decoded::same;
}

bool holds_dressed_escapes(std::string_view text) noexcept {
  std::array<char, 6> plain{};
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    if ((byte_at(text, at) >= 0x80 || text[at] == '%') && dressed_escape(text, at, plain, length) != 0) return true;
  return false;
}

void undress_escapes(std::string& text) noexcept {
  std::array<char, 6> plain{};
  std::size_t length = 0, to = 0;
  for (std::size_t at = 0; at < text.size();) {
    const bool begins = byte_at(text, at) >= 0x80 || text[at] == '%';
    const std::size_t size = begins ? dressed_escape(text, at, plain, length) : 0;
    if (size == 0) {
      text[to++] = text[at++];
      continue;
    }
    for (std::size_t i = 0; i < length; ++i) text[to++] = plain[i];
    at += size;
  }
  text.resize(to);
}

} // namespace ledgergate::http
