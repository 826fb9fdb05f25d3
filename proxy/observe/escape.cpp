#include "observe/escape.h"

#include "base/utf8.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ledgergate::observe {
namespace {

constexpr unsigned char byte(char c) noexcept { return static_cast<unsigned char>(c); }

// ASCII that needs no thought inside quotes.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr std::string_view kHex = "0123456789abcdef";

// Characters that are valid UTF-8 and still not fit for a log: C1 controls (a terminal may take U+009B for an escape sequence),
// line and paragraph separators (JavaScript readers break lines there), bidirectional overrides (they show a line as another).
constexpr bool treacherous(char32_t point) noexcept {
  return point < 0xa0 || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void append_unicode_escape(char32_t point, std::string& out) {
  const std::array<char, 6> escape{
      '\\', 'u', kHex[(point >> 12) & 0xf], kHex[(point >> 8) & 0xf], kHex[(point >> 4) & 0xf], kHex[point & 0xf]};
  out.append(escape.data(), escape.size());
}

// `short_form(c, out)` writes c and says true when the format has a short escape for it; `long_form(point, bytes, out)` the rest.
template <class Short, class Long>
void append_escaped(std::string_view value, std::string& out, Short short_form, Long long_form) {
  std::size_t i = 0;
  while (i < value.size()) {
    std::size_t end = i;
    while (end < value.size() && kPlain[byte(value[end])]) ++end;
    out.append(value.data() + i, end - i);
    i = end;
    if (i == value.size()) return;
    if (short_form(value[i], out)) {
      ++i;
      continue;
    }
    const Character character = decode_utf8(value.substr(i));
    const std::size_t length = character.length == 0 ? 1 : character.length;
    if (character.length != 0 && !treacherous(character.point))
      out.append(value.data() + i, length);
    else
      long_form(character.length == 0 ? static_cast<char32_t>(byte(value[i])) : character.point, value.substr(i, length), out);
    i += length;
  }
}

void append_bytes_escaped(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const std::array<char, 4> escape{'\\', 'x', kHex[byte(c) >> 4], kHex[byte(c) & 0xf]};
    out.append(escape.data(), escape.size());
  }
}

bool needs_quotes(std::string_view value) noexcept {
  if (value.empty()) return true;
  for (const char c : value)
    if (!kPlain[byte(c)] || c == ' ' || c == '=') return true;
  return false;
}

} // namespace

void append_json(std::string_view value, std::string& out) {
  append_escaped(
      value, out,
      [](char c, std::string& to) {
        switch (c) {
        case '"': to.append("\\\""); return true;
        case '\\': to.append("\\\\"); return true;
        case '\n': to.append("\\n"); return true;
        case '\r': to.append("\\r"); return true;
        case '\t': to.append("\\t"); return true;
        default: return false;
        }
      },
      [](char32_t point, std::string_view, std::string& to) { append_unicode_escape(point, to); });
}

void append_text(std::string_view value, std::string& out) {
  if (!needs_quotes(value)) {
    out.append(value);
    return;
  }
  out.push_back('"');
  append_escaped(
      value, out,
      [](char c, std::string& to) {
        if (c != '"' && c != '\\') return false;
        to.push_back('\\');
        to.push_back(c);
        return true;
      },
      [](char32_t, std::string_view bytes, std::string& to) { append_bytes_escaped(bytes, to); });
  out.push_back('"');
}

void append_visible(std::string_view value, std::string& out) {
  append_escaped(
      value, out,
      [](char c, std::string& to) {
        if (c != '"' && c != '\\') return false;
        to.push_back(c);
        return true;
      },
      [](char32_t, std::string_view bytes, std::string& to) { append_bytes_escaped(bytes, to); });
}

} // namespace ledgergate::observe
