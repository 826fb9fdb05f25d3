#include "listen/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace ledgergate::listen {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kWord = "PROXY ";
constexpr std::size_t kLongestLine = 107; // section 2.1, with CRLF

// Takes the next word; words are separated by exactly one blank.
std::string_view next(std::string_view& rest) noexcept {
  const std::size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(std::min(blank + 1, rest.size()));
  return word;
}

bool port(std::string_view word, std::uint16_t& out) noexcept {
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), out);
  return failure == std::errc{} && end == word.data() + word.size() && (word.size() == 1 || word.front() != '0');
}

ProxyRead read_line(std::string_view bytes, ProxyHeader& out) noexcept {
  const std::size_t end = bytes.substr(0, kLongestLine).find("\r\n");
  if (end == std::string_view::npos) return bytes.size() < kLongestLine ? ProxyRead::more : ProxyRead::bad;
  out.size = end + 2;
  std::string_view rest = bytes.substr(kWord.size(), end - kWord.size());
  const std::string_view family = next(rest);
  if (family == "UNKNOWN") return ProxyRead::done; // whatever follows has no meaning
  if (family != "TCP4" && family != "TCP6") return ProxyRead::bad;
  const auto source = IpAddress::parse(next(rest));
  const auto destination = IpAddress::parse(next(rest));
  std::uint16_t from = 0, to = 0;
  const bool ports = port(next(rest), from) && port(rest, to);
  // A mapped address comes back as IPv4: TCP6 may hold it.
  if (!source || !destination || !ports || (family == "TCP4" && (source->v6 || destination->v6))) return ProxyRead::bad;
  out.caller = Endpoint{*source, from};
  return ProxyRead::done;
}

std::uint16_t number(const char* at) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(at[0]) << 8U | static_cast<unsigned char>(at[1]));
}

IpAddress address(const char* at, std::size_t size) noexcept {
  IpAddress out;
  std::memcpy(out.bytes.data(), at, size);
  if (size == 4) return out;
  out.v6 = true;
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!std::equal(kMapped.begin(), kMapped.end(), out.bytes.begin())) return out;
  IpAddress four;
  std::copy(out.bytes.begin() + 12, out.bytes.end(), four.bytes.begin());
  return four;
}

// Section 2.2.
ProxyRead read_binary(std::string_view bytes, ProxyHeader& out) noexcept {
  if (bytes.size() < 16) return ProxyRead::more;
  const auto version = static_cast<unsigned char>(bytes[12]);
  const auto family = static_cast<unsigned char>(bytes[13]);
  const std::size_t length = number(bytes.data() + 14);
  if (version != 0x20 && version != 0x21) return ProxyRead::bad;
  if (16 + length > kLargestProxyHeader) return ProxyRead::bad;
  if (bytes.size() < 16 + length) return ProxyRead::more;
  out.size = 16 + length;
  if (version == 0x20) return ProxyRead::done; // LOCAL
  const char* addresses = bytes.data() + 16;
  if (family == 0x11) { // TCP over IPv4
    if (length < 12) return ProxyRead::bad;
    out.caller = Endpoint{address(addresses, 4), number(addresses + 8)};
  } else if (family == 0x21) { // TCP over IPv6
    if (length < 36) return ProxyRead::bad;
    out.caller = Endpoint{address(addresses, 16), number(addresses + 32)};
  } else if (family != 0x00) {
    return ProxyRead::bad; // datagrams and UNIX sockets have no caller that limits and lists could mean
  }
  return ProxyRead::done;
}

} // namespace

ProxyRead read_proxy_header(std::string_view bytes, ProxyHeader& out) noexcept {
  out = {};
  const auto begins = [&](std::string_view with) {
    const std::size_t size = std::min(bytes.size(), with.size());
    return bytes.substr(0, size) == with.substr(0, size);
  };
  if (begins(kSignature)) return bytes.size() < kSignature.size() ? ProxyRead::more : read_binary(bytes, out);
  if (begins(kWord)) return bytes.size() < kWord.size() ? ProxyRead::more : read_line(bytes, out);
  return ProxyRead::bad;
}

} // namespace ledgergate::listen
