#include "profile/escape.h"

#include "base/utf8.h"

#include <cstdint>

namespace ledgergate::profile {
namespace {

void append_reference(char32_t point, Encoding encoding, std::string& out) {
  append_markup("&#" + std::to_string(static_cast<std::uint32_t>(point)) + ";", encoding, out);
}

// XML 1.0 section 2.2, production Char.
bool is_xml_character(char32_t point) noexcept {
  return point == 0x9 || point == 0xA || point == 0xD || (point >= 0x20 && point != 0xFFFE && point != 0xFFFF);
}

// C1 controls are characters of XML 1.0, but HTML reads their references as Windows-1252, and nobody means them.
bool is_control(char32_t point) noexcept { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

// Beyond what RFC 8259 demands: whoever pastes the JSON into a page or a script must not be led astray.
bool needs_escape(char32_t point) noexcept {
  return is_control(point) || point == U'<' || point == U'>' || point == U'&' || point == 0x2028 || point == 0x2029;
}

} // namespace

void append_markup(std::string_view ascii, Encoding encoding, std::string& out) {
  if (encoding != Encoding::utf16) {
    out += ascii;
    return;
  }
  for (const char c : ascii) {
    out += c;
    out += '\0';
  }
}

void append_xml(std::string_view text, Encoding encoding, std::string& out) {
  while (!text.empty()) {
    char32_t point = take_character(text);
    if (!is_xml_character(point) || (is_control(point) && point >= 0x7F)) point = kReplacement;
    switch (point) {
    case U'&': append_markup("&amp;", encoding, out); break;
    case U'<': append_markup("&lt;", encoding, out); break;
    case U'>': append_markup("&gt;", encoding, out); break;
    case U'"': append_markup("&quot;", encoding, out); break;
    case U'\'': append_markup("&#39;", encoding, out); break; // HTML 4 has no &apos;
    default:
      if (is_control(point) || !append_character(point, encoding, out)) append_reference(point, encoding, out);
    }
  }
}

void append_json(std::string_view text, std::string& out) {
  static constexpr char hex[] = "0123456789abcdef";
  while (!text.empty()) {
    const char32_t point = take_character(text);
    switch (point) {
    case U'"': out += "\\\""; break;
    case U'\\': out += "\\\\"; break;
    case U'\n': out += "\\n"; break;
    case U'\r': out += "\\r"; break;
    case U'\t': out += "\\t"; break;
    default:
      if (!needs_escape(point)) {
        static_cast<void>(append_character(point, Encoding::utf8, out)); // UTF-8 has every character
        break;
      }
      out += "\\u";
      for (const unsigned shift : {12U, 8U, 4U, 0U}) out += hex[point >> shift & 15U];
    }
  }
}

} // namespace ledgergate::profile
