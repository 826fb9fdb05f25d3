#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace ledgergate {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; // RFC 4291 section 2.5.5.2

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

IpAddress from_v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress out;
  if (is_mapped(bytes)) {
    std::copy(bytes.begin() + 12, bytes.end(), out.bytes.begin());
  } else {
    out.v6 = true;
    out.bytes = bytes;
  }
  return out;
}

// Digits only, no sign, no leading space; at most `max`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  if (text.empty() || text.size() > 5 || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

} // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());

  std::array<std::uint8_t, 16> bytes{};
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, terminated.data(), bytes.data()) != 1) return std::nullopt;
    return from_v6(bytes);
  }
  if (bracketed || inet_pton(AF_INET, terminated.data(), bytes.data()) != 1) return std::nullopt;
  return IpAddress{false, bytes};
}

std::optional<IpAddress> IpAddress::from(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  // memcpy: a sockaddr handed over by the kernel or libuv need not be of the concrete type to the compiler's eye.
  std::array<std::uint8_t, 16> bytes{};
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::memcpy(bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    return IpAddress{false, bytes};
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    std::memcpy(bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    return from_v6(bytes);
  }
  return std::nullopt;
}

bool IpAddress::loopback() const noexcept {
  if (!v6) return bytes[0] == 127;
  return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::unspecified() const noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
  return out.data();
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  const auto address = IpAddress::parse(base);
  if (!address) return std::nullopt;
  const bool mapped = !address->v6 && base.find(':') != std::string_view::npos;
  const std::uint32_t width = address->v6 ? 128 : 32;
  std::uint32_t prefix = width;
  if (slash != std::string_view::npos) {
    const auto given = parse_number(text.substr(slash + 1), mapped ? 128 : width);
    if (!given || (mapped && *given < 96)) return std::nullopt;
    prefix = mapped ? *given - 96 : *given;
  }
  const Cidr network{*address, static_cast<std::uint8_t>(prefix)};
  for (std::uint32_t bit = prefix; bit < width; ++bit)
    if ((address->bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) return std::nullopt;
  return network;
}

bool Cidr::contains(const IpAddress& address) const noexcept {
  if (address.v6 != base.v6) return false;
  const std::size_t whole = prefix / 8U;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin())) return false;
  const unsigned rest = prefix % 8U;
  if (rest == 0) return true;
  const unsigned mask = 0xffU & (0xffU << (8U - rest));
  return ((base.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.empty()) host = "[::]";
  if (host == "localhost") host = "127.0.0.1";
  // "::1:443" could be read in two ways: an IPv6 address needs its brackets here.
  if (host.front() != '[' && host.find(':') != std::string_view::npos) return std::nullopt;
  const auto ip = IpAddress::parse(host);
  if (!ip) return std::nullopt;
  return Endpoint{*ip, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::text() const {
  std::string out = ip.v6 ? "[" + ip.text() + "]" : ip.text();
  out += ':';
  out += std::to_string(port);
  return out;
}

} // namespace ledgergate
