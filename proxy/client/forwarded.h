// Who the real caller is when the peer is a proxy that the settings trust.
#pragma once

#include "base/address.h"
#include "http/head.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace ledgergate::client {

struct Caller {
  IpAddress ip;
  std::uint16_t port = 0; // 0: not known
  bool peer_trusted = false;
  std::string_view scheme{};   // "https" or "http" when a trusted peer said so
  std::string_view host{};     // host[:port] the caller asked for, when a trusted peer said so; into the head
  std::uint16_t host_port = 0; // X-Forwarded-Port of a trusted peer
};

// From an untrusted peer nothing is believed: the peer is the caller. From a trusted one the list it sent is walked from the right
// (what stands further left was written by someone further out): past every trusted address to the first that is not. An element
// that is no address ends the walk at the last good one, the peer itself if need be.
//
// X-Forwarded-For is read where it is present, else Forwarded (RFC 7239). Not both: a proxy that maintains the one passes the other
// on as its own caller forged it, and X-Forwarded-For is what proxies maintain.
[[nodiscard]] Caller real_caller(const IpAddress& peer, std::uint16_t peer_port, const std::vector<Cidr>& trusted,
                                 const std::vector<http::Field>& fields);

} // namespace ledgergate::client
