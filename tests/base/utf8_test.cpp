#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::tests {
namespace {

// RFC 3629, section 4: the bytes that each length's first and second byte may be; all others are 80..BF.
struct Form {
  unsigned first_from, first_to, second_from, second_to;
  std::size_t length;
};
constexpr Form kForms[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

// How long the character at the beginning is by that table; 0: there is none.
std::size_t length_by_table(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (const Form& form : kForms) {
    if (byte(0) < form.first_from || byte(0) > form.first_to || text.size() < form.length) continue;
    bool fits = form.length == 1 || (byte(1) >= form.second_from && byte(1) <= form.second_to);
    for (std::size_t at = 2; at < form.length; ++at) fits = fits && byte(at) >= 0x80 && byte(at) <= 0xBF;
    return fits ? form.length : 0;
  }
  return 0;
}

std::string encoded(char32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0U | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0U | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | point >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EachCharacterIsReadAsItself) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    const std::string text = encoded(point);
    const Character read = decode_utf8(text + "x");
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (read.length != (surrogate ? 0 : text.size()) || read.point != (surrogate ? 0 : point))
      FAIL() << std::hex << static_cast<unsigned>(point) << " is read as " << static_cast<unsigned>(read.point);
  }
}

TEST(Utf8, WhatIsACharacterIsWhatTheRfcSays) {
  for (unsigned first = 0; first < 256; ++first)
    for (const int second : {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF})
      for (const int third : {0x7F, 0x80, 0xBF, 0xC0})
        for (const int fourth : {0x7F, 0x80, 0xBF, 0xC0}) {
          const char bytes[] = {static_cast<char>(first), static_cast<char>(second), static_cast<char>(third),
                                static_cast<char>(fourth)};
          for (std::size_t size = 1; size <= sizeof bytes; ++size) {
            const std::string_view text(bytes, size);
            ASSERT_EQ(decode_utf8(text).length, length_by_table(text))
                << std::hex << first << ' ' << second << ' ' << third << ' ' << fourth;
          }
        }
}

TEST(Utf8, EachByteThatIsNoneIsReplacedAlone) {
  std::string_view rest = "a\xC3\xBA\xE2\x82z\xED\xA0\x80";
  std::vector<char32_t> read;
  while (!rest.empty()) read.push_back(take_character(rest));
  EXPECT_EQ(read,
            (std::vector<char32_t>{U'a', U'\u00FA', kReplacement, kReplacement, U'z', kReplacement, kReplacement, kReplacement}));
}

} // namespace
} // namespace ledgergate::tests
