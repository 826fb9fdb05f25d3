// IP addresses, networks and endpoints as values. IPv4 is kept as IPv4: `::ffff:a.b.c.d` is unmapped on the way in, so that a
// list of IPv4 networks means the same on a dual-stack listener.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace ledgergate {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{}; // network order; IPv4 uses the first four

  // "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; no zone, no port. Mapped addresses come back as IPv4.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  // From AF_INET or AF_INET6; anything else gives nothing.
  [[nodiscard]] static std::optional<IpAddress> from(const sockaddr* address);
  [[nodiscard]] bool loopback() const noexcept;
  [[nodiscard]] bool unspecified() const noexcept;
  // Without brackets. 45 characters at most.
  [[nodiscard]] std::string text() const;
  auto operator<=>(const IpAddress&) const = default;
};

// A network: "192.0.2.0/24", "2001:db8::/32", or one address.
struct Cidr {
  IpAddress base;
  std::uint8_t prefix = 0; // in bits of the address family
  // Bits set behind the prefix ("192.0.2.1/24") are refused: they are a mistake more often than not.
  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  bool operator==(const Cidr&) const = default;
};

// Where a listener binds: "[::]:443", "0.0.0.0:80", "127.0.0.1:444", ":8443" (means "[::]:8443"), "localhost:8443" (both loopbacks
// are not meant: it is 127.0.0.1). Port 0 asks the kernel for one (tests).
struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;
  [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const; // "[::1]:443", "127.0.0.1:80"
  auto operator<=>(const Endpoint&) const = default;
};

} // namespace ledgergate
