// The LAN name in mServer's /status reply (tests/standins/texts/status.xml), in any encoding that spells ASCII as it is (UTF-8,
// Windows-1250), or in code units of two or four bytes (UTF-16, UTF-32; told by how the document begins, XML 1.0 appendix F.1).
#include "profile/endpoints.h"

#include "http/chars.h"

#include <algorithm>
#include <cstddef>

namespace ledgergate::profile {
namespace {

constexpr auto npos = std::string_view::npos;

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool ends_name(char c) noexcept { return c == '>' || c == '/' || c == '=' || c == '<' || blank(c); }

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

// As XML text. Bytes that are not ASCII are percent-encoded: the body's encoding is not known, and it is a URL.
void append_escaped(std::string_view url, std::string& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&apos;"; break;
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

// A name without its namespace prefix, in any case of letters.
bool means_server(std::string_view name) noexcept {
  const auto colon = name.rfind(':');
  return http::iequals(colon == npos ? name : name.substr(colon + 1), "server");
}

// What is not to leave, and lies behind all that was found before.
struct Range {
  std::size_t from = npos, to = npos;
};

// Goes through the tags of a document. One that breaks off, or is no XML, is read as far as it goes.
class Finder {
public:
  explicit Finder(std::string_view body) noexcept : body_(body) {}

  // from == npos: there is no more.
  Range next() noexcept {
    for (;;) {
      if (const Range value = in_tag_ ? attribute() : Range{}; value.from != npos) return value;
      if (in_tag_) {
        in_tag_ = false;
        if (const Range content = of_element(); content.from != npos) return content;
      }
      at_ = body_.find('<', at_);
      if (at_ == npos) return {};
      const auto behind = skip_opaque(body_, at_);
      if (behind == npos) return {};
      if (behind != at_) {
        at_ = behind;
        continue;
      }
      ++at_;
      name_ = read_name();
      in_tag_ = !name_.empty(); // of an end tag nothing is read
    }
  }

private:
  std::string_view body_;
  std::size_t at_ = 0;
  std::string_view name_; // of the tag that is read
  bool in_tag_ = false;
  bool empty_ = false; // it ends in "/>"

  std::string_view read_name() noexcept {
    const auto from = at_;
    while (at_ < body_.size() && !ends_name(body_[at_])) ++at_;
    return body_.substr(from, at_ - from);
  }

  void skip_blanks() noexcept {
    while (at_ < body_.size() && blank(body_[at_])) ++at_;
  }

  // The value of the next attribute that names the server: `server`, or an address in an element of that name. Without one the tag
  // is behind.
  Range attribute() noexcept {
    empty_ = false;
    while (at_ < body_.size()) {
      skip_blanks();
      if (at_ == body_.size() || body_[at_] == '<') return {};
      if (body_[at_] == '>') {
        ++at_;
        return {};
      }
      empty_ = body_[at_] == '/';
      const auto name = read_name();
      skip_blanks();
      if (name.empty() && at_ < body_.size() && body_[at_] != '>' && body_[at_] != '<') ++at_; // no name begins so
      if (name.empty() || at_ == body_.size() || body_[at_] != '=') continue;
      ++at_;
      skip_blanks();
      if (at_ == body_.size()) return {};
      const char quote = body_[at_];
      const bool quoted = quote == '"' || quote == '\'';
      const auto from = quoted ? at_ + 1 : at_;
      const auto end = std::min(quoted ? body_.find(quote, from) : body_.find_first_of(" \t\r\n>", from), body_.size());
      at_ = std::min(quoted ? end + 1 : end, body_.size());
      const auto value = body_.substr(from, end - from);
      if (means_server(name) || (means_server(name_) && value.find("://") != npos)) return {from, end};
    }
    return {};
  }

  // The content of the element whose tag has just been read.
  Range of_element() noexcept {
    if (!means_server(name_) || empty_ || at_ > body_.size() || body_[at_ - 1] != '>') return {};
    const auto from = at_;
    for (at_ = body_.find('<', at_); at_ != npos; at_ = body_.find('<', at_)) {
      const auto behind = skip_opaque(body_, at_);
      if (behind == npos) break;
      if (behind != at_) {
        at_ = behind;
        continue;
      }
      const auto name_end = at_ + 2 + name_.size();
      const bool closes = body_.substr(at_).starts_with("</") && body_.substr(at_ + 2).starts_with(name_) &&
                          name_end < body_.size() && ends_name(body_[name_end]);
      if (closes) return {from, at_};
      ++at_;
    }
    at_ = body_.size(); // it breaks off within
    return {from, at_};
  }
};

} // namespace

bool can_name_server(std::string_view body) {
  using namespace std::string_view_literals;
  if (body.starts_with("\x4C\x6F\xA7\x94"sv)) return false; // "<?xm" in EBCDIC (XML 1.0 appendix F.1)
  const Units units = units_of(body);
  const std::string narrowed = units.size == 1 ? std::string() : narrow(body, units);
  const std::string_view letters = units.size == 1 ? body : std::string_view(narrowed);
  // RFC 1950 section 2.2: a short stream may do without controls.
  const auto first = [&letters](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(letters[i])); };
  if (letters.size() > 1 && (first(0) & 0x0FU) == 8 && first(0) <= 0x78 && (first(0) << 8U | first(1)) % 31 == 0 &&
      letters.find('<') == npos &&
      std::any_of(letters.begin(), letters.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x7F; }))
    return false;
  return std::none_of(letters.begin(), letters.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !blank(c) && c != '\f') || byte == 0x7F;
  });
}

bool replace_server_name(std::string_view body, std::string_view public_url, std::string& out) {
  const Units units = units_of(body);
  const std::string narrowed = units.size == 1 ? std::string() : narrow(body, units);
  Finder finder(units.size == 1 ? body : std::string_view(narrowed));
  Range found = finder.next();
  if (found.from == npos) return false;
  std::string url;
  append_escaped(public_url, url);
  out.clear();
  for (std::size_t written = 0;; written = found.to * units.size, found = finder.next()) {
    if (found.from == npos) {
      out += body.substr(written);
      return true;
    }
    out += body.substr(written, found.from * units.size - written);
    if (units.size == 1)
      out += url;
    else
      append_wide(url, units, out);
  }
}

} // namespace ledgergate::profile
