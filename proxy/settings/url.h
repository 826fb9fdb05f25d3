// Host names and the base URLs of servers and public names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::settings {

// "" when `host` is a name or an IPv4 literal, or an IPv6 literal without brackets; else what is wrong with it.
[[nodiscard]] std::string host_mistake(std::string_view host);

struct Url {
  bool https = false;
  std::string host; // lower case, without brackets
  std::uint16_t port = 80;
  std::string authority; // as Host says it: brackets, and the port unless it is the scheme's own
};

// http:// or https://, host, optional port, at most "/" behind it. Returns "" and sets `out`, or says what is wrong; the words
// never hold the URL itself, which could carry a password.
[[nodiscard]] std::string parse_url(std::string_view text, Url& out);

} // namespace ledgergate::settings
