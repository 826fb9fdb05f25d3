#include "inspect/charset.h"

#include "base/encode.h"
#include "http/chars.h"
#include "http/head.h"

#include <array>
#include <cstddef>

namespace ledgergate::inspect {
namespace {

// 0x80 to 0x9F of Windows-1252 (unicode.org, CP1252.TXT); above it is ISO 8859-1.
constexpr std::array<std::uint16_t, 32> kWindows1252{
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

struct Name {
  std::string_view name;
  Charset charset;
};
// IANA's names and the aliases that Windows programs write. The first of each set is the one that to_string() says.
constexpr Name kNames[] = {
    {"UTF-8", Charset::utf8},
    {"utf8", Charset::utf8},
    {"UTF-16", Charset::utf16},
    {"UTF-16LE", Charset::utf16},
    {"UTF-16BE", Charset::utf16},
    {"US-ASCII", Charset::ascii},
    {"ascii", Charset::ascii},
    {"Windows-1250", Charset::windows1250},
    {"cp1250", Charset::windows1250},
    {"x-cp1250", Charset::windows1250},
    {"Windows-1252", Charset::windows1252},
    {"cp1252", Charset::windows1252},
    {"x-cp1252", Charset::windows1252},
    {"ISO-8859-1", Charset::iso8859_1},
    {"iso_8859-1", Charset::iso8859_1},
    {"latin1", Charset::iso8859_1},
    {"ISO-8859-2", Charset::iso8859_2},
    {"iso_8859-2", Charset::iso8859_2},
    {"latin2", Charset::iso8859_2},
};

} // namespace

std::optional<Charset> charset_named(std::string_view name) noexcept {
  for (const Name& row : kNames)
    if (http::iequals(row.name, name)) return row.charset;
  return std::nullopt;
}

std::string_view to_string(Charset charset) noexcept {
  for (const Name& row : kNames)
    if (row.charset == charset) return row.name;
  return {};
}

bool one_byte(Charset charset) noexcept {
  return charset == Charset::windows1250 || charset == Charset::windows1252 || charset == Charset::iso8859_1 ||
         charset == Charset::iso8859_2;
}

std::uint16_t character_of(Charset charset, unsigned char byte) noexcept {
  if (byte < 0x80) return byte;
  std::uint16_t found = byte;
  if (charset == Charset::windows1250) found = kWindows1250[byte - 0x80U];
  if (charset == Charset::iso8859_2) found = kIso88592[byte - 0x80U];
  if (charset == Charset::windows1252 && byte < 0xA0) found = kWindows1252[byte - 0x80U];
  return found != 0 ? found : byte;
}

std::string_view charset_parameter(std::string_view content_type) noexcept {
  std::size_t at = content_type.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = content_type.substr(at + 1);
    at = content_type.find(';', at + 1);
    if (at != std::string_view::npos) rest = rest.substr(0, rest.find(';'));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos || !http::iequals(http::trim(rest.substr(0, equals)), "charset")) continue;
    std::string_view value = http::trim(rest.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

} // namespace ledgergate::inspect
