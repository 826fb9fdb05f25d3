#include "base/utf8.h"

namespace ledgergate {

Character decode_utf8(std::string_view text) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;
  if (first < 0x80) return {1, first};
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2, point = first & 0x1fu, least = 0x80;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3, point = first & 0x0fu, least = 0x800;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4, point = first & 0x07u, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    point = (point << 6) | (byte(i) & 0x3fu);
  }
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
  return {length, point};
}

char32_t take_character(std::string_view& text) noexcept {
  const Character character = decode_utf8(text);
  text.remove_prefix(character.length == 0 ? 1 : character.length);
  return character.length == 0 ? kReplacement : character.point;
}

} // namespace ledgergate
