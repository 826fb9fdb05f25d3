// The PROXY protocol (haproxy.org, proxy-protocol.txt, versions 1 and 2): how a front proxy that does not speak HTTP says who
// calls. Pure. Believed from trusted_proxies only, and there it must come first on every connection.
#pragma once

#include "base/address.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ledgergate::listen {

inline constexpr std::size_t kLargestProxyHeader = 4096; // version 2 with its extensions

struct ProxyHeader {
  std::optional<Endpoint> caller; // none: LOCAL or UNKNOWN, the connection's own peer is meant (a health check)
  std::size_t size = 0;           // bytes of the header
};
enum class ProxyRead : std::uint8_t { more, done, bad };

// `bytes` is what has come so far. The same for every way of splitting it.
[[nodiscard]] ProxyRead read_proxy_header(std::string_view bytes, ProxyHeader& out) noexcept;

} // namespace ledgergate::listen
