#include "route/prefix.h"

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

struct Spelled {
  unsigned char byte = 0;
  bool encoded = false;
  bool operator==(const Spelled&) const = default;
};

// The byte spelled at `at`, which is moved behind it.
Spelled next_byte(std::string_view text, std::size_t& at) noexcept {
  if (encoded_at(text, at)) {
    const int value = digit(text[at + 1]) * 16 + digit(text[at + 2]);
    at += 3;
    return {static_cast<unsigned char>(value), true};
  }
  return {static_cast<unsigned char>(text[at++]), false};
}

unsigned char lower(unsigned char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c | 0x20) : c; }

bool same(Spelled wanted, Spelled found, Spelling spelling) noexcept {
  if (wanted.byte == '/' || found.byte == '/') return wanted == found;
  return spelling == Spelling::loose ? lower(wanted.byte) == lower(found.byte) : wanted.byte == found.byte;
}

// Behind a slash that was found: those in a row count as one.
void pass_slashes(std::string_view text, std::size_t& at, unsigned char found, Spelling spelling) noexcept {
  while (spelling == Spelling::loose && found == '/' && at < text.size() && text[at] == '/') ++at;
}

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

std::size_t prefix_length(std::string_view path, std::string_view prefix, Spelling spelling) noexcept {
  std::size_t at = 0;
  for (const char wanted : prefix) {
    if (at == path.size()) return npos;
    const auto found = static_cast<unsigned char>(path[at++]);
    if (!same({static_cast<unsigned char>(wanted)}, {found}, spelling)) return npos;
    pass_slashes(path, at, found, spelling);
  }
  return at == path.size() || path[at] == '/' || prefix.empty() ? at : npos;
}

std::size_t prefix_bytes(std::string_view raw, std::string_view prefix, Spelling spelling) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < prefix.size();) {
    if (at == raw.size()) return npos;
    const auto wanted = next_byte(prefix, i);
    const auto found = next_byte(raw, at);
    if (!same(wanted, found, spelling)) return npos;
    if (!found.encoded) pass_slashes(raw, at, found.byte, spelling);
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
  for (std::size_t at = 0; at < path.size();) out += static_cast<char>(next_byte(path, at).byte);
}

} // namespace ledgergate::route
