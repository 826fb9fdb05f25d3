#include "listen/sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace ledgergate::listen {
namespace {

constexpr int kBacklog = 1024; // the kernel's somaxconn is the real bound

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Address to_sockaddr(const Endpoint& endpoint) {
  Address result;
  if (endpoint.ip.v6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    std::memcpy(&v6->sin6_addr, endpoint.ip.bytes.data(), 16);
    result.length = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    std::memcpy(&v4->sin_addr, endpoint.ip.bytes.data(), 4);
    result.length = sizeof *v4;
  }
  return result;
}

Endpoint local_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  Endpoint result;
  // Not IpAddress::from alone: "::" must stay "::".
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    result.ip.v6 = true;
    std::memcpy(result.ip.bytes.data(), &v6->sin6_addr, 16);
    result.port = ntohs(v6->sin6_port);
  } else if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    std::memcpy(result.ip.bytes.data(), &v4->sin_addr, 4);
    result.port = ntohs(v4->sin_port);
  }
  return result;
}

// A bound socket, or -1 with errno.
int bind_one(const Endpoint& endpoint, bool reuse_port) {
  const int descriptor = ::socket(endpoint.ip.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (reuse_port) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (endpoint.ip.v6) {
    const int only = endpoint.ip.unspecified() ? 0 : 1;
    ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  const Address address = to_sockaddr(endpoint);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return descriptor;
  const int why = errno;
  ::close(descriptor);
  errno = why;
  return -1;
}

std::string explain(const Endpoint& address, int why) {
  const std::string where = "can't listen on " + address.text() + ": ";
  const std::string port = std::to_string(address.port);
  switch (why) {
  case EADDRINUSE:
    return where + "port " + port + " is taken by another process" +
           (address.port == 80 ? " (certificates can also be had without port 80: by the DNS-01 challenge)"
                               : " (is another ledgergate running?)");
  case EACCES: return where + "not allowed; ports below 1024 need CAP_NET_BIND_SERVICE (the systemd unit has it)";
  case EADDRNOTAVAIL: return where + "this machine has no such address";
  default: return where + std::strerror(why);
  }
}

} // namespace

Sockets open_sockets(const Endpoint& wanted, std::size_t workers) {
  Sockets result;
  result.descriptors.reserve(workers); // before there are any that could be lost
  Endpoint address = wanted;
  int probe = bind_one(address, false);
  if (probe < 0 && address.ip.v6 && address.ip.unspecified() && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
    address.ip = IpAddress{};
    result.warning = "no IPv6 on this machine: " + wanted.text() + " listens on " + address.text() + " only";
    probe = bind_one(address, false);
  }
  if (probe < 0) {
    result.error = explain(address, errno);
    return result;
  }
  address.port = local_address(probe).port;
  ::close(probe);
  for (std::size_t i = 0; i < workers; ++i) {
    const int descriptor = bind_one(address, true);
    if (descriptor < 0 || ::listen(descriptor, kBacklog) != 0) {
      result.error = explain(address, errno);
      if (descriptor >= 0) ::close(descriptor);
      for (const int open : result.descriptors) ::close(open);
      result.descriptors.clear();
      return result;
    }
    result.descriptors.push_back(descriptor);
  }
  result.bound = address;
  return result;
}

std::vector<Activated> activated_sockets() {
  std::vector<Activated> result;
  const int count = sd_listen_fds(1);
  for (int i = 0; i < count; ++i) {
    const int descriptor = SD_LISTEN_FDS_START + i;
    if (sd_is_socket(descriptor, AF_UNSPEC, SOCK_STREAM, 1) > 0) result.push_back({local_address(descriptor), descriptor});
  }
  return result;
}

} // namespace ledgergate::listen
