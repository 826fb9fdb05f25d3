#include "route/prefix.h"

#include "http/head.h"

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool encoded_at(std::string_view text, std::size_t at) noexcept {
  return text[at] == '%' && text.size() - at > 2 && digit(text[at + 1]) >= 0 && digit(text[at + 2]) >= 0;
}

// The byte spelled at `at`, which is moved behind it.
unsigned char next_byte(std::string_view text, std::size_t& at) noexcept {
  if (encoded_at(text, at)) {
    const int value = digit(text[at + 1]) * 16 + digit(text[at + 2]);
    at += 3;
    return static_cast<unsigned char>(value);
  }
  return static_cast<unsigned char>(text[at++]);
}

unsigned char lower(unsigned char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c | 0x20) : c; }

// pchar and '/' of RFC 3986 section 3.3.
bool may_stand_in_path(char c) noexcept {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("-._~!$&'()*+,;=:@/").find(c) != npos;
}

} // namespace

std::string_view trim_slashes(std::string_view prefix) noexcept {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

bool lies_below(std::string_view path, std::string_view prefix, Letters letters) noexcept {
  if (prefix.empty()) return true;
  if (path.size() < prefix.size()) return false;
  const auto start = path.substr(0, prefix.size());
  if (letters == Letters::any_case ? !http::iequals(start, prefix) : start != prefix) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::size_t prefix_bytes(std::string_view raw, std::string_view prefix, Letters letters) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < prefix.size();) {
    if (at == raw.size()) return npos;
    const auto wanted = next_byte(prefix, i);
    const auto found = next_byte(raw, at);
    if (letters == Letters::any_case ? lower(wanted) != lower(found) : wanted != found) return npos;
  }
  return at == raw.size() || raw[at] == '/' || prefix.empty() ? at : npos;
}

void append_encoded(std::string_view path, std::string& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (may_stand_in_path(path[i]) || encoded_at(path, i)) {
      out += path[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(path[i]);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 0xF];
  }
}

void append_decoded(std::string_view path, std::string& out) {
  for (std::size_t at = 0; at < path.size();) out += static_cast<char>(next_byte(path, at));
}

} // namespace ledgergate::route
