#include "http/percent.h"

#include "http/chars.h"

#include <cstddef>
#include <string_view>

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

bool separator(char c) noexcept { return c == '/' || c == '\\' || c == marked_slash || c == marked_backslash; }

char marked(char c) noexcept { return c == '/' ? marked_slash : c == '\\' ? marked_backslash : c; }

} // namespace

Decoded decode(std::string& text, Escapes escapes, Slashes slashes) noexcept {
  std::size_t from = text.find('%');
  if (from == std::string::npos) return Decoded::same;
  bool malformed = false;
  bool changed = false;
  std::size_t to = from;
  while (from < text.size()) {
    std::uint32_t value = 0;
    bool wide = false;
    const std::size_t size = text[from] == '%' ? escape_at(text, from, escapes, value, wide) : no_escape;
    if (size == no_escape) {
      malformed = malformed || text[from] == '%';
      text[to++] = text[from++];
      continue;
    }
    changed = true;
    from += size;
    if (wide && value >= 0x80) { // as UTF-8: three bytes at most, and the escape had six
      if (value >= 0x800) text[to++] = static_cast<char>(0xE0 | value >> 12);
      text[to++] = static_cast<char>(value >= 0x800 ? 0x80 | (value >> 6 & 0x3F) : 0xC0 | value >> 6);
      text[to++] = static_cast<char>(0x80 | (value & 0x3F));
      continue;
    }
    const char c = static_cast<char>(value);
    if (!is(c, value_byte) || c == '\t') return Decoded::forbidden;
    if (separator(c) && to != 0 && separator(text[to - 1])) return Decoded::forbidden;
    text[to++] = slashes == Slashes::marked ? marked(c) : c;
  }
  text.resize(to);
  if (malformed) return Decoded::malformed;
  return changed ? Decoded::changed : Decoded::same;
}

} // namespace ledgergate::http
