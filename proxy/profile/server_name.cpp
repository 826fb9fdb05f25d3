// The LAN name in mServer's /status reply (tests/standins/texts/status.xml), in any encoding that spells ASCII as it is (UTF-8,
// Windows-1250), or in code units of two or four bytes (UTF-16, UTF-32; told by how the document begins, XML 1.0 appendix F.1).
#include "profile/endpoints.h"

#include <algorithm>
#include <cstddef>

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

// How the bytes of a document spell ASCII.
struct Units {
  std::size_t size = 1; // bytes
  std::size_t low = 0;  // which of them is the letter
};

Units units_of(std::string_view body) noexcept {
  const auto begins = [body](std::string_view marks) {
    if (body.size() < marks.size()) return false;
    for (std::size_t i = 0; i < marks.size(); ++i)
      if (marks[i] == 'x' ? body[i] == '\0' : body[i] != marks[i]) return false;
    return true;
  };
  using namespace std::string_view_literals;
  if (begins("\xFF\xFE\0\0"sv) || begins("x\0\0\0"sv)) return {4, 0};
  if (begins("\0\0\xFE\xFF"sv) || begins("\0\0\0x"sv)) return {4, 3};
  if (begins("\xFF\xFE"sv) || begins("x\0"sv)) return {2, 0};
  if (begins("\xFE\xFF"sv) || begins("\0x"sv)) return {2, 1};
  return {};
}

// A byte for each unit; what is not ASCII is some byte that is none either.
std::string narrow(std::string_view body, Units units) {
  std::string out;
  for (std::size_t at = 0; at + units.size <= body.size(); at += units.size) {
    const auto unit = body.substr(at, units.size);
    const bool ascii = std::count(unit.begin(), unit.end(), '\0') >= static_cast<std::ptrdiff_t>(units.size - 1) &&
                       static_cast<unsigned char>(unit[units.low]) < 0x80;
    out += ascii ? unit[units.low] : '\x80';
  }
  return out;
}

void append_wide(std::string_view text, Units units, std::string& out) {
  for (const char c : text) {
    out.append(units.size, '\0');
    out[out.size() - units.size + units.low] = c;
  }
}

// Where the content of the first <server> element lies.
struct Range {
  std::size_t from = npos, to = npos;
};

Range find_server(std::string_view body) noexcept {
  for (std::size_t open = find_tag(body, "<server", 0); open != npos; open = find_tag(body, "<server", open + 1)) {
    const auto open_end = body.find('>', open);
    if (open_end == npos) return {};
    if (body[open_end - 1] == '/') continue; // it has none
    const auto close = find_tag(body, "</server", open_end + 1);
    return close == npos ? Range{} : Range{open_end + 1, close};
  }
  return {};
}

} // namespace

bool replace_server_name(std::string_view body, std::string_view public_url, std::string& out) {
  const Units units = units_of(body);
  const std::string narrowed = units.size == 1 ? std::string() : narrow(body, units);
  const Range found = find_server(units.size == 1 ? body : std::string_view(narrowed));
  if (found.from == npos) return false;
  std::string url;
  append_escaped(public_url, url);
  out.assign(body.substr(0, found.from * units.size));
  if (units.size == 1)
    out += url;
  else
    append_wide(url, units, out);
  out += body.substr(found.to * units.size);
  return true;
}

} // namespace ledgergate::profile
