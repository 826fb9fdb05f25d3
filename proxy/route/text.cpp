#include "route/text.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace ledgergate::route {
namespace {

bool control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

} // namespace

void append_number(std::uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_clean(std::string_view text, std::string& out) {
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return !control(c); });
}

void append_uri(std::string_view target, std::string& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != '\\') {
      out += c;
      continue;
    }
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 0xF];
  }
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

} // namespace ledgergate::route
