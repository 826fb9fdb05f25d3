#include "http/letters.h"

#include "base/utf8.h"
#include "http/letter_tables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace ledgergate::http {
namespace {

using Page = std::array<char16_t, 128>; // of the bytes from 0x80; a byte that stands for nothing stands for itself

constexpr Page windows1250{
    0x20AC, 0x0081, 0x201A, 0x0083, 0x201E, 0x2026, 0x2020, 0x2021, 0x0088, 0x2030, 0x0160, 0x2039, 0x015A, 0x0164, 0x017D, 0x0179,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x0098, 0x2122, 0x0161, 0x203A, 0x015B, 0x0165, 0x017E, 0x017A,
    0x00A0, 0x02C7, 0x02D8, 0x0141, 0x00A4, 0x0104, 0x00A6, 0x00A7, 0x00A8, 0x00A9, 0x015E, 0x00AB, 0x00AC, 0x00AD, 0x00AE, 0x017B,
    0x00B0, 0x00B1, 0x02DB, 0x0142, 0x00B4, 0x00B5, 0x00B6, 0x00B7, 0x00B8, 0x0105, 0x015F, 0x00BB, 0x013D, 0x02DD, 0x013E, 0x017C,
    0x0154, 0x00C1, 0x00C2, 0x0102, 0x00C4, 0x0139, 0x0106, 0x00C7, 0x010C, 0x00C9, 0x0118, 0x00CB, 0x011A, 0x00CD, 0x00CE, 0x010E,
    0x0110, 0x0143, 0x0147, 0x00D3, 0x00D4, 0x0150, 0x00D6, 0x00D7, 0x0158, 0x016E, 0x00DA, 0x0170, 0x00DC, 0x00DD, 0x0162, 0x00DF,
    0x0155, 0x00E1, 0x00E2, 0x0103, 0x00E4, 0x013A, 0x0107, 0x00E7, 0x010D, 0x00E9, 0x0119, 0x00EB, 0x011B, 0x00ED, 0x00EE, 0x010F,
    0x0111, 0x0144, 0x0148, 0x00F3, 0x00F4, 0x0151, 0x00F6, 0x00F7, 0x0159, 0x016F, 0x00FA, 0x0171, 0x00FC, 0x00FD, 0x0163, 0x02D9,
};
constexpr Page windows1251{
    0x0402, 0x0403, 0x201A, 0x0453, 0x201E, 0x2026, 0x2020, 0x2021, 0x20AC, 0x2030, 0x0409, 0x2039, 0x040A, 0x040C, 0x040B, 0x040F,
    0x0452, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x0098, 0x2122, 0x0459, 0x203A, 0x045A, 0x045C, 0x045B, 0x045F,
    0x00A0, 0x040E, 0x045E, 0x0408, 0x00A4, 0x0490, 0x00A6, 0x00A7, 0x0401, 0x00A9, 0x0404, 0x00AB, 0x00AC, 0x00AD, 0x00AE, 0x0407,
    0x00B0, 0x00B1, 0x0406, 0x0456, 0x0491, 0x00B5, 0x00B6, 0x00B7, 0x0451, 0x2116, 0x0454, 0x00BB, 0x0458, 0x0405, 0x0455, 0x0457,
    0x0410, 0x0411, 0x0412, 0x0413, 0x0414, 0x0415, 0x0416, 0x0417, 0x0418, 0x0419, 0x041A, 0x041B, 0x041C, 0x041D, 0x041E, 0x041F,
    0x0420, 0x0421, 0x0422, 0x0423, 0x0424, 0x0425, 0x0426, 0x0427, 0x0428, 0x0429, 0x042A, 0x042B, 0x042C, 0x042D, 0x042E, 0x042F,
    0x0430, 0x0431, 0x0432, 0x0433, 0x0434, 0x0435, 0x0436, 0x0437, 0x0438, 0x0439, 0x043A, 0x043B, 0x043C, 0x043D, 0x043E, 0x043F,
    0x0440, 0x0441, 0x0442, 0x0443, 0x0444, 0x0445, 0x0446, 0x0447, 0x0448, 0x0449, 0x044A, 0x044B, 0x044C, 0x044D, 0x044E, 0x044F,
};

// An ASCII character in too many bytes.
Letter overlong_at(std::string_view text, std::size_t at) noexcept {
  const std::size_t size = overlong_size(byte_at(text, at));
  if (size == 0 || size > text.size() - at) return {};
  std::uint32_t value = byte_at(text, at) & 0x01;
  for (std::size_t i = 1; i < size; ++i) {
    if (text[at + i] == '/') return {}; // a slash is one in every reading
    value = value << 6 | (byte_at(text, at + i) & 0x3F);
  }
  return value < 0x80 ? Letter{value, size} : Letter{};
}

bool between(char32_t point, char32_t first, char32_t last) noexcept { return point >= first && point <= last; }

// Two surrogates, three bytes each, as Java and Oracle write one letter.
Letter surrogates_at(std::string_view text, std::size_t at) noexcept {
  if (text.size() - at < 6 || byte_at(text, at) != 0xED || byte_at(text, at + 3) != 0xED) return {};
  const std::uint32_t high = byte_at(text, at + 1), low = byte_at(text, at + 4);
  if (high >> 4 != 0xA || low >> 4 != 0xB) return {};
  const std::uint32_t upper = (high & 0xF) << 6 | (byte_at(text, at + 2) & 0x3F);
  return {0x10000 + (upper << 10 | (low & 0xF) << 6 | (byte_at(text, at + 5) & 0x3F)), 6};
}

template <class T, class Key>
const T* last_not_behind(std::span<const T> table, char32_t point, Key key) noexcept {
  const auto behind = std::upper_bound(table.begin(), table.end(), point, [&](char32_t p, const T& each) { return p < key(each); });
  return behind == table.begin() ? nullptr : &*std::prev(behind);
}

char16_t in_runs(std::span<const Run> table, char32_t point) noexcept {
  const Run* const run = last_not_behind(table, point, [](const Run& each) { return each.first; });
  return run != nullptr && point - run->first < run->forms.size() ? run->forms[point - run->first] : u'\0';
}

bool in_ranges(std::span<const Range> table, char32_t point) noexcept {
  const Range* const range = last_not_behind(table, point, [](const Range& each) { return each.first; });
  return range != nullptr && point <= range->last;
}

} // namespace

std::size_t overlong_size(std::uint32_t lead) noexcept {
  switch (lead) {
  case 0xC0:
  case 0xC1: return 2;
  case 0xE0: return 3;
  case 0xF0: return 4;
  case 0xF8: return 5;
  case 0xFC: return 6;
  default: return 0;
  }
}

Letter letter_at(std::string_view text, std::size_t at, Charset charset) noexcept {
  const std::uint32_t byte = byte_at(text, at);
  if (byte < 0x80) return {byte, 1};
  if (charset == Charset::windows1250) return {windows1250[byte - 0x80], 1};
  if (charset == Charset::windows1251) return {windows1251[byte - 0x80], 1};
  const Character character = decode_utf8(text.substr(at));
  if (character.length != 0) return {character.point, character.length};
  if (charset != Charset::careless) return {};
  const Letter pair = surrogates_at(text, at);
  return pair.point != 0 ? pair : overlong_at(text, at);
}

char32_t folded(char32_t point) noexcept {
  if (point < 0x80) return between(point, U'A', U'Z') ? point + 0x20 : point;
  const Capitals* const found = last_not_behind(capitals, point, [](const Capitals& each) { return each.first; });
  if (found == nullptr || point > found->last || (point - found->first) % found->step != 0) return point;
  return static_cast<char32_t>(static_cast<std::int32_t>(point) + found->distance);
}

Forms forms_of(char32_t point) noexcept {
  Forms out;
  if (point < 0x80) return out;
  const Run* const run = last_not_behind(unicode_runs, point, [](const Run& each) { return each.first; });
  if (run != nullptr && point - run->first < run->forms.size() && run->forms[point - run->first] != 0)
    out.unicode = run->forms.substr(point - run->first, 1);
  else if (const Spelling* const several = last_not_behind(spellings, point, [](const Spelling& each) { return each.point; });
           several != nullptr && several->point == point)
    out.unicode = several->form;
  out.windows = static_cast<char>(in_runs(windows_runs, point));
  return out;
}

bool combining(char32_t point) noexcept { return point >= 0x300 && in_ranges(marks, point); }

bool invisible(char32_t point) noexcept { return point >= 0x80 && in_ranges(ignorables, point); }

} // namespace ledgergate::http
