#include "checks.h"
#include "listen/proxy_protocol.h"
#include "require.h"

#include <arpa/inet.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::fuzz {
namespace {

using listen::ProxyHeader;
using listen::ProxyRead;

// The addresses of a header that was taken, read with the C library.
std::optional<std::string> caller_of_line(std::string_view line) {
  std::vector<std::string> words{{}};
  for (const char c : line.substr(0, line.find('\r'))) {
    if (c == ' ')
      words.emplace_back();
    else
      words.back() += c;
  }
  if (words.size() < 2 || words[1] == "UNKNOWN") return std::nullopt;
  require(words.size() == 6, "a line has its six words");
  const bool v6 = words[1] == "TCP6";
  require(v6 || words[1] == "TCP4", "and a family of ours");
  std::array<unsigned char, 16> to{};
  // IPv6 addresses may be IPv4 ones in it.
  require(inet_pton(v6 ? AF_INET6 : AF_INET, words[2].c_str(), to.data()) == 1 ||
              (v6 && inet_pton(AF_INET, words[2].c_str(), to.data()) == 1),
          "the source is an address");
  for (const int at : {4, 5}) {
    const std::string& port = words[static_cast<std::size_t>(at)];
    require(!port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos &&
                std::atoi(port.c_str()) <= 65535,
            "ports are ports");
  }
  return words[4];
}

} // namespace

void check_proxy(std::string_view bytes) {
  ProxyHeader whole;
  const ProxyRead outcome = listen::read_proxy_header(bytes, whole);
  for (std::size_t size = 0; size < bytes.size() && size < 2 * listen::kLargestProxyHeader; ++size) {
    ProxyHeader header;
    const ProxyRead read = listen::read_proxy_header(bytes.substr(0, size), header);
    if (read == ProxyRead::more) {
      require(outcome != ProxyRead::done || size < whole.size, "a whole header is enough");
      continue;
    }
    require(read == outcome, "what comes later changes no verdict");
    if (read == ProxyRead::done) {
      require(header.size == whole.size && header.caller == whole.caller, "and no caller");
      break;
    }
  }
  require(outcome != ProxyRead::more || bytes.size() < listen::kLargestProxyHeader, "nobody waits for ever");
  if (outcome != ProxyRead::done) return;
  require(whole.size <= bytes.size() && whole.size <= listen::kLargestProxyHeader, "a header is within its bounds");
  if (bytes.starts_with("PROXY ")) {
    const auto port = caller_of_line(bytes.substr(0, whole.size));
    require(port.has_value() == whole.caller.has_value(), "a line says who calls, or not");
    if (port) require(*port == std::to_string(whole.caller->port), "on which port");
    return;
  }
  const auto family = static_cast<unsigned char>(bytes[13]);
  require(whole.caller.has_value() == (bytes[12] == 0x21 && family != 0), "PROXY says who calls, LOCAL doesn't");
  if (!whole.caller) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  require(inet_ntop(family == 0x11 ? AF_INET : AF_INET6, bytes.data() + 16, text.data(), text.size()) != nullptr, "an address");
  const auto theirs = IpAddress::parse(text.data());
  require(theirs && *theirs == whole.caller->ip, "both read one address");
}

} // namespace ledgergate::fuzz
