// The LAN name in mServer's /status reply (vendor document 001). Works on bytes, so any encoding that is a superset of ASCII
// (UTF-8, Windows-1250) passes; in others nothing is found and the body stays as it came.
#include "profile/endpoints.h"

namespace ledgergate::profile {
namespace {

constexpr auto npos = std::string_view::npos;

bool ends_name(char c) noexcept { return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Behind the comment, CDATA section or processing instruction that starts at `at`; `at` itself when none does; npos when it
// never ends.
std::size_t skip_opaque(std::string_view body, std::size_t at) noexcept {
  struct Opaque {
    std::string_view open, close;
  };
  static constexpr Opaque kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
  for (const auto& kind : kinds) {
    if (!body.substr(at).starts_with(kind.open)) continue;
    const auto end = body.find(kind.close, at + kind.open.size());
    return end == npos ? npos : end + kind.close.size();
  }
  return at;
}

// First occurrence of `tag` ("<server", "</server") from `from` on that is a whole name; npos when there is none.
std::size_t find_tag(std::string_view body, std::string_view tag, std::size_t from) noexcept {
  for (auto at = body.find('<', from); at != npos; at = body.find('<', at)) {
    const auto behind = skip_opaque(body, at);
    if (behind == npos) return npos;
    if (behind != at) {
      at = behind;
      continue;
    }
    const auto name_end = at + tag.size();
    if (body.substr(at).starts_with(tag) && name_end < body.size() && ends_name(body[name_end])) return at;
    ++at;
  }
  return npos;
}

// As XML text. Bytes that are not ASCII are percent-encoded: the body's encoding is not known, and it is a URL.
void append_escaped(std::string_view url, std::string& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    default:
      if (byte > 0x20 && byte < 0x7F) {
        out += c;
      } else {
        out += '%';
        out += hex[byte >> 4];
        out += hex[byte & 0xF];
      }
    }
  }
}

} // namespace

bool replace_server_name(std::string_view body, std::string_view public_url, std::string& out) {
  const auto open = find_tag(body, "<server", 0);
  if (open == npos) return false;
  const auto open_end = body.find('>', open);
  if (open_end == npos || body[open_end - 1] == '/') return false;
  const auto close = find_tag(body, "</server", open_end + 1);
  if (close == npos) return false;
  out.clear();
  out.append(body.substr(0, open_end + 1));
  append_escaped(public_url, out);
  out.append(body.substr(close));
  return true;
}

} // namespace ledgergate::profile
