#include "route/reference.h"

#include "http/chars.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

bool blank(char c) noexcept { return static_cast<unsigned char>(c) <= 0x20; }
bool dropped(char c) noexcept { return c == '\t' || c == '\r' || c == '\n'; }
bool slash(char c) noexcept { return c == '/' || c == '\\'; }

std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// inet_aton(3)'s forms: fewer than four parts, octal, hexadecimal. `name` ends with a zero.
std::optional<IpAddress> odd_v4(const char* name, std::size_t size) noexcept {
  const auto part = [](char c) { return http::is(c, http::hex_byte) || c == 'x' || c == '.'; };
  in_addr found{};
  if (size == 0 || !std::all_of(name, name + size, part) || inet_aton(name, &found) == 0) return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = found;
  return IpAddress::from(reinterpret_cast<const sockaddr*>(&address));
}

// The scheme that `text` begins with, and how much of it that is; none of ours is none at all.
Scheme read_scheme(std::string_view text, std::size_t& behind) noexcept {
  std::array<char, 5> word{};
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (dropped(text[i])) continue;
    if (text[i] != ':') {
      if (size == word.size()) return Scheme::none;
      word[size++] = http::lower(text[i]);
      continue;
    }
    behind = i + 1;
    const std::string_view found(word.data(), size);
    if (found == "http") return Scheme::http;
    if (found == "https") return Scheme::https;
    if (found == "ws") return Scheme::ws;
    if (found == "wss") return Scheme::wss;
    break;
  }
  behind = 0;
  return Scheme::none;
}

bool read_port(std::string_view text, std::uint16_t& port) noexcept {
  std::array<char, 8> digits{};
  std::size_t size = 0;
  for (const char c : text) {
    if (dropped(c)) continue;
    if (size == digits.size()) return false;
    digits[size++] = c;
  }
  port = 0;
  if (size == 0) return true; // RFC 3986 section 3.2.3: "host:" names no port
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + size, port);
  return failure == std::errc{} && end == digits.data() + size;
}

// [user[:password]@]host[:port]
bool read_authority(std::string_view text, Reference& out) noexcept {
  if (const auto at = text.rfind('@'); at != npos) text.remove_prefix(at + 1);
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == npos) return false;
  const auto colon = text.find(':', bracket);
  if (bracket != 0 && colon != npos && colon != bracket + 1) return false;
  return out.host.read(text.substr(0, colon)) && read_port(colon == npos ? std::string_view() : text.substr(colon + 1), out.port);
}

} // namespace

bool Host::read(std::string_view text) noexcept {
  size_ = 0;
  address_.reset();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (dropped(text[i])) continue;
    char c = text[i];
    if (c == '%' && text.size() - i > 2 && http::is(text[i + 1], http::hex_byte) && http::is(text[i + 2], http::hex_byte)) {
      c = static_cast<char>(http::hex_value(text[i + 1]) * 16 + http::hex_value(text[i + 2]));
      i += 2;
    }
    if (blank(c) || size_ + 1 == name_.size()) return false;
    name_[size_++] = http::lower(c);
  }
  if (size_ > 1 && name_[size_ - 1] == '.') --size_;
  name_[size_] = '\0';
  std::string_view bare = name();
  if (bare.starts_with('[') && bare.ends_with(']')) bare = bare.substr(1, bare.size() - 2);
  address_ = IpAddress::parse(bare);
  if (!address_) address_ = odd_v4(name_.data(), size_);
  return size_ != 0;
}

bool Host::here() const noexcept {
  if (!address_) return name() == "localhost" || name().ends_with(".localhost"); // RFC 6761 section 6.3
  static const auto kFour = IpAddress::parse("127.0.0.1"), kSix = IpAddress::parse("::1");
  return *address_ == *kFour || *address_ == *kSix || address_->unspecified();
}

bool Host::same(const Host& other) const noexcept {
  if (here() && other.here()) return true;
  if (address_ || other.address_) return address_ == other.address_;
  return name() == other.name();
}

bool Host::in_domain(const Host& domain) const noexcept {
  if (address_ || domain.address_) return address_ == domain.address_;
  const auto below = domain.name();
  if (below.empty() || !name().ends_with(below)) return false;
  return size_ == below.size() || name_[size_ - below.size() - 1] == '.';
}

bool read_reference(std::string_view text, Reference& out) noexcept {
  text = without_blanks(text);
  std::size_t at = 0;
  out.scheme = read_scheme(text, at);
  std::size_t slashes = 0;
  std::size_t first = npos;
  for (; at < text.size() && (slash(text[at]) || dropped(text[at])); ++at) {
    if (!slash(text[at])) continue;
    first = std::min(first, at);
    ++slashes;
  }
  out.absolute = out.scheme != Scheme::none || slashes > 1;
  if (!out.absolute && slashes == 0) return false;
  if (out.absolute) {
    text.remove_prefix(at);
    const auto authority = text.substr(0, text.find_first_of("/\\?#"));
    if (!read_authority(authority, out)) return false;
    text.remove_prefix(authority.size());
  } else {
    text.remove_prefix(first);
  }
  const auto end = std::min(text.find_first_of("?#"), text.size());
  out.path = text.substr(0, end);
  out.tail = text.substr(end);
  return true;
}

std::string_view plain_path(std::string_view path, std::string& scratch) {
  if (path.find_first_of("\\\t\r\n") == npos) return path;
  scratch.clear();
  for (const char c : path)
    if (!dropped(c)) scratch += c == '\\' ? '/' : c;
  return scratch;
}

} // namespace ledgergate::route
