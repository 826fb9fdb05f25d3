#include "base/encode.h"

#include <algorithm>
#include <cstddef>

namespace ledgergate {

const std::array<char16_t, 128> kWindows1250{
    0x20AC, 0,      0x201A, 0,      0x201E, 0x2026, 0x2020, 0x2021, 0,      0x2030, 0x0160, 0x2039, 0x015A, 0x0164, 0x017D, 0x0179,
    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0,      0x2122, 0x0161, 0x203A, 0x015B, 0x0165, 0x017E, 0x017A,
    0x00A0, 0x02C7, 0x02D8, 0x0141, 0x00A4, 0x0104, 0x00A6, 0x00A7, 0x00A8, 0x00A9, 0x015E, 0x00AB, 0x00AC, 0x00AD, 0x00AE, 0x017B,
    0x00B0, 0x00B1, 0x02DB, 0x0142, 0x00B4, 0x00B5, 0x00B6, 0x00B7, 0x00B8, 0x0105, 0x015F, 0x00BB, 0x013D, 0x02DD, 0x013E, 0x017C,
    0x0154, 0x00C1, 0x00C2, 0x0102, 0x00C4, 0x0139, 0x0106, 0x00C7, 0x010C, 0x00C9, 0x0118, 0x00CB, 0x011A, 0x00CD, 0x00CE, 0x010E,
    0x0110, 0x0143, 0x0147, 0x00D3, 0x00D4, 0x0150, 0x00D6, 0x00D7, 0x0158, 0x016E, 0x00DA, 0x0170, 0x00DC, 0x00DD, 0x0162, 0x00DF,
    0x0155, 0x00E1, 0x00E2, 0x0103, 0x00E4, 0x013A, 0x0107, 0x00E7, 0x010D, 0x00E9, 0x0119, 0x00EB, 0x011B, 0x00ED, 0x00EE, 0x010F,
    0x0111, 0x0144, 0x0148, 0x00F3, 0x00F4, 0x0151, 0x00F6, 0x00F7, 0x0159, 0x016F, 0x00FA, 0x0171, 0x00FC, 0x00FD, 0x0163, 0x02D9};

const std::array<char16_t, 128> kIso88592{
    0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,
    0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,      0,
    0x00A0, 0x0104, 0x02D8, 0x0141, 0x00A4, 0x013D, 0x015A, 0x00A7, 0x00A8, 0x0160, 0x015E, 0x0164, 0x0179, 0x00AD, 0x017D, 0x017B,
    0x00B0, 0x0105, 0x02DB, 0x0142, 0x00B4, 0x013E, 0x015B, 0x02C7, 0x00B8, 0x0161, 0x015F, 0x0165, 0x017A, 0x02DD, 0x017E, 0x017C,
    0x0154, 0x00C1, 0x00C2, 0x0102, 0x00C4, 0x0139, 0x0106, 0x00C7, 0x010C, 0x00C9, 0x0118, 0x00CB, 0x011A, 0x00CD, 0x00CE, 0x010E,
    0x0110, 0x0143, 0x0147, 0x00D3, 0x00D4, 0x0150, 0x00D6, 0x00D7, 0x0158, 0x016E, 0x00DA, 0x0170, 0x00DC, 0x00DD, 0x0162, 0x00DF,
    0x0155, 0x00E1, 0x00E2, 0x0103, 0x00E4, 0x013A, 0x0107, 0x00E7, 0x010D, 0x00E9, 0x0119, 0x00EB, 0x011B, 0x00ED, 0x00EE, 0x010F,
    0x0111, 0x0144, 0x0148, 0x00F3, 0x00F4, 0x0151, 0x00F6, 0x00F7, 0x0159, 0x016F, 0x00FA, 0x0171, 0x00FC, 0x00FD, 0x0163, 0x02D9};

namespace {

struct Label {
  std::string_view text;
  Encoding encoding;
};
constexpr Label kLabels[] = {
    {"windows-1250", Encoding::windows_1250},
    {"cp1250", Encoding::windows_1250},
    {"x-cp1250", Encoding::windows_1250},
    {"utf-8", Encoding::utf8},
    {"utf8", Encoding::utf8},
    {"iso-8859-2", Encoding::iso_8859_2},
    {"iso_8859-2", Encoding::iso_8859_2},
    {"iso8859-2", Encoding::iso_8859_2},
    {"latin2", Encoding::iso_8859_2},
    {"l2", Encoding::iso_8859_2},
    {"utf-16", Encoding::utf16},
    {"utf-16le", Encoding::utf16},
    {"utf-16be", Encoding::utf16},
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

void append_utf8(char32_t point, std::string& out) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

void append_utf16(char32_t point, std::string& out) {
  const auto put = [&out](char32_t unit) {
    out += static_cast<char>(unit & 0xFF);
    out += static_cast<char>(unit >> 8);
  };
  if (point < 0x10000) {
    put(point);
  } else {
    put(0xD800 + ((point - 0x10000) >> 10));
    put(0xDC00 + ((point - 0x10000) & 0x3FF));
  }
}

bool append_byte(char32_t point, const std::array<char16_t, 128>& upper, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return true;
  }
  const auto found = std::find(upper.begin(), upper.end(), point);
  if (found == upper.end()) return false;
  out += static_cast<char>(0x80 + (found - upper.begin()));
  return true;
}

} // namespace

std::optional<Encoding> find_encoding(std::string_view label) noexcept {
  for (const Label& known : kLabels)
    if (std::equal(label.begin(), label.end(), known.text.begin(), known.text.end(), [](char a, char b) { return lower(a) == b; }))
      return known.encoding;
  return std::nullopt;
}

std::string_view label(Encoding encoding) noexcept {
  switch (encoding) {
  case Encoding::utf8: return "utf-8";
  case Encoding::windows_1250: return "Windows-1250";
  case Encoding::iso_8859_2: return "ISO-8859-2";
  case Encoding::utf16: return "UTF-16";
  }
  return "utf-8";
}

void append_mark(Encoding encoding, std::string& out) {
  if (encoding == Encoding::utf16) append_utf16(0xFEFF, out);
}

bool append_character(char32_t point, Encoding encoding, std::string& out) {
  // Neither surrogates nor what lies beyond Unicode is a character.
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  switch (encoding) {
  case Encoding::utf8: append_utf8(point, out); return true;
  case Encoding::utf16: append_utf16(point, out); return true;
  case Encoding::windows_1250: return append_byte(point, kWindows1250, out);
  case Encoding::iso_8859_2: return append_byte(point, kIso88592, out);
  }
  return false;
}

} // namespace ledgergate
