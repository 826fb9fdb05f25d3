#include "settings/url.h"

#include "base/address.h"

#include <algorithm>
#include <charconv>

namespace ledgergate::settings {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// '_' is no letter of RFC 1123, but Windows machines have it in their names.
bool name_character(char c) { return letter(c) || digit(c) || c == '-' || c == '_'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

} // namespace

std::string host_mistake(std::string_view host) {
  if (host.empty()) return "the host is missing";
  if (host.find(':') != std::string_view::npos)
    return IpAddress::parse(host) && host.front() != '[' ? "" : "this is not an IPv6 address";
  if (host.size() > 253) return "the host is longer than 253 characters";
  if (std::any_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return "the host must be in ASCII: write an international name as xn--…";
  std::string_view last;
  for (std::string_view rest = host;;) {
    const std::size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    if (last.empty()) return "the host has an empty part between its dots";
    if (last.size() > 63) return "a part of the host is longer than 63 characters";
    if (!std::all_of(last.begin(), last.end(), name_character)) return "the host may hold letters, digits, `-` and `.` only";
    if (last.front() == '-' || last.back() == '-') return "no part of the host may begin or end with `-`";
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // A name that ends in a number is an IPv4 address or a slip (WHATWG URL, "ends in a number").
  if (std::all_of(last.begin(), last.end(), digit) && !IpAddress::parse(host)) return "this is not an IPv4 address";
  return "";
}

std::string parse_url(std::string_view text, Url& out) {
  Url url;
  if (text.starts_with("https://"))
    url.https = true;
  else if (!text.starts_with("http://"))
    return "it must begin with http:// or https://";
  std::string_view rest = text.substr(url.https ? 8 : 7);
  if (rest.find('@') != std::string_view::npos) return "it must not hold a user or a password";
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return "it must end behind host and port: no path (a route's `rewrite_prefix` adds one)";

  const bool bracketed = rest.starts_with('[');
  const std::size_t colon = bracketed ? rest.find(':', std::min(rest.find(']'), rest.size())) : rest.find(':');
  std::string_view host = rest.substr(0, colon);
  url.port = url.https ? 443 : 80;
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (failure != std::errc{} || end != port.data() + port.size() || url.port == 0) {
      if (!bracketed && port.find(':') != std::string_view::npos)
        return "an IPv6 address needs brackets, as in http://[fd00::1]:444";
      return "the port must be a number from 1 to 65535";
    }
  }
  if (bracketed) {
    if (!host.ends_with(']')) return "an IPv6 address needs brackets, as in http://[fd00::1]:444";
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return "this is not an IPv6 address";
  }
  if (std::string mistake = host_mistake(host); !mistake.empty()) return mistake;
  url.host = lower(host);
  url.authority = bracketed ? '[' + url.host + ']' : url.host;
  if (url.port != (url.https ? 443 : 80)) url.authority += ':' + std::to_string(url.port);
  out = std::move(url);
  return "";
}

} // namespace ledgergate::settings
