#include "client/forwarded_element.h"

#include "http/head.h"

#include <charconv>

namespace ledgergate::client {
namespace {

constexpr auto npos = std::string_view::npos;

bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Where the element that begins `text` ends: at a comma outside quotes. npos when a quote never ends.
std::size_t element_end(std::string_view text) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (!quoted && text[i] == ',') return i;
  }
  return quoted ? npos : text.size();
}

// token / quoted-string without escapes.
bool unquote(std::string_view& value) noexcept {
  if (value.starts_with('"')) {
    if (value.size() < 2 || !value.ends_with('"')) return false;
    value = value.substr(1, value.size() - 2);
  }
  return !value.empty() && value.find_first_of("\"\\") == npos;
}

// One "name=value". A parameter must not occur twice (RFC 7239 section 4).
bool read_pair(std::string_view pair, Element& out) noexcept {
  const auto equals = pair.find('=');
  if (equals == npos || equals == 0) return false;
  const auto name = pair.substr(0, equals);
  auto value = pair.substr(equals + 1);
  std::string_view* place = nullptr;
  if (http::iequals(name, "for")) place = &out.node;
  if (http::iequals(name, "proto")) place = &out.proto;
  if (http::iequals(name, "host")) place = &out.host;
  if (place == nullptr) return true; // by= and extensions are nothing to us
  if (!place->empty() || !unquote(value)) return false;
  *place = value;
  return true;
}

// Where a pair ends: at a semicolon outside quotes.
std::size_t pair_end(std::string_view text) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (!quoted && text[i] == ';') return i;
  }
  return text.size();
}

Element read_element(std::string_view text) noexcept {
  Element element;
  while (!text.empty()) {
    const auto end = pair_end(text);
    const auto pair = trim(text.substr(0, end));
    if (!pair.empty() && !read_pair(pair, element)) element.malformed = true;
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return element;
}

} // namespace

std::optional<Node> read_node(std::string_view text) {
  std::string_view address = text;
  std::string_view port;
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (bracketed && !text.ends_with(']')) {
    if (colon == npos || colon == 0 || text[colon - 1] != ']') return std::nullopt;
    address = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  } else if (!bracketed && colon != npos && colon == text.find(':')) {
    address = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  }
  const auto ip = IpAddress::parse(address);
  if (!ip) return std::nullopt;
  Node node{*ip, 0};
  if (port.empty()) return node;
  const auto* end = port.data() + port.size();
  const auto read = std::from_chars(port.data(), end, node.port);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return node;
}

bool next_item(std::string_view& rest, std::string_view& out) {
  while (!rest.empty()) {
    const auto end = rest.find(',');
    out = trim(rest.substr(0, end));
    rest.remove_prefix(end == npos ? rest.size() : end + 1);
    if (!out.empty()) return true;
  }
  return false;
}

bool next_element(std::string_view& rest, Element& out) {
  while (!rest.empty()) {
    const auto end = element_end(rest);
    if (end == npos) { // what follows can't be told apart any more
      out = Element{};
      out.malformed = true;
      rest = {};
      return true;
    }
    const auto text = trim(rest.substr(0, end));
    rest.remove_prefix(end == rest.size() ? end : end + 1);
    if (text.empty()) continue;
    out = read_element(text);
    return true;
  }
  return false;
}

} // namespace ledgergate::client
