// What a byte may be, in one table for the whole folder. A look-up a byte is all that the strict reading of a head costs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

inline constexpr std::uint8_t token_byte = 0x01; // tchar: methods, field names (RFC 9110 section 5.6.2)
inline constexpr std::uint8_t value_byte = 0x02; // HTAB, SP, VCHAR, obs-text (RFC 9110 section 5.5)
// What a request target may hold on the wire: VCHAR but '#', and, beyond RFC 3986, bytes from 0x80, which 1C's clients don't
// encode.
inline constexpr std::uint8_t target_byte = 0x04;
inline constexpr std::uint8_t host_byte = 0x08; // letters, digits, '-', '.', '_': the names that are really given to servers
inline constexpr std::uint8_t digit_byte = 0x10;
inline constexpr std::uint8_t hex_byte = 0x20;
inline constexpr std::uint8_t plain_byte = 0x40; // what every server reads alike in a path (path_readings.h)

namespace detail {

constexpr std::array<std::uint8_t, 256> make_bytes() noexcept {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool visible = c > 0x20 && c < 0x7F;
    const bool separator = c == '"' || c == '(' || c == ')' || c == ',' || c == '/' || c == ':' || c == ';' || c == '<' ||
                           c == '=' || c == '>' || c == '?' || c == '@' || c == '[' || c == '\\' || c == ']' || c == '{' ||
                           c == '}';
    unsigned bits = 0;
    if (visible && !separator) bits |= token_byte;
    if (visible || c == '\t' || c == ' ' || c >= 0x80) bits |= value_byte;
    if ((visible && c != '#') || c >= 0x80) bits |= target_byte;
    if (digit || letter || c == '-' || c == '.' || c == '_') bits |= host_byte;
    if (digit) bits |= digit_byte;
    if (hex) bits |= hex_byte;
    const bool mark = c == '/' || c == '-' || c == '_' || c == '.' || c == ',' || c == '\'' || c == '(' || c == ')' || c == '=' ||
                      c == '@' || c == '!' || c == '$' || c == '&' || c == '*';
    if (digit || letter || mark) bits |= plain_byte;
    table[c] = static_cast<std::uint8_t>(bits);
  }
  return table;
}

} // namespace detail

inline constexpr std::array<std::uint8_t, 256> bytes_table = detail::make_bytes();

[[nodiscard]] constexpr bool is(char c, std::uint8_t kind) noexcept {
  return (bytes_table[static_cast<unsigned char>(c)] & kind) != 0;
}

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Of a hex_byte.
[[nodiscard]] constexpr unsigned hex_value(char c) noexcept {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(lower(c) - 'a') + 10U;
}

// Without the blanks around it: SP and HTAB, nothing else (OWS, RFC 9110 section 5.6.3).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

} // namespace ledgergate::http
