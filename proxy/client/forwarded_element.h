// The grammar of X-Forwarded-For elements and of Forwarded (RFC 7239 section 4), read strictly.
#pragma once

#include "base/address.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledgergate::client {

struct Node {
  IpAddress ip;
  std::uint16_t port = 0;
};
// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". Nothing for "unknown", "_hidden" and the like.
[[nodiscard]] std::optional<Node> read_node(std::string_view text);

// One element of Forwarded. Values are without quotes; one that needed an escape is none that we use, and comes out malformed.
struct Element {
  std::string_view node, proto, host;
  bool malformed = false;
};
// Takes the next element off `rest`; false at its end. Empty elements are skipped (RFC 9110 section 5.6.1.2).
[[nodiscard]] bool next_element(std::string_view& rest, Element& out);

// The next element of a plain comma-separated list, trimmed; the same rules.
[[nodiscard]] bool next_item(std::string_view& rest, std::string_view& out);

} // namespace ledgergate::client
