#include "command/ask_admin.h"

#include "http/parser.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace ledgergate {
namespace {

constexpr time_t kPatience = 10; // seconds
constexpr std::size_t kLargest = 16 * 1024 * 1024;

class Socket {
public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
  int descriptor_;
};

std::string reason(int error) { return std::generic_category().message(error); }

// Where a door on all addresses is reached from this machine.
Endpoint from_here(const Endpoint& door) {
  Endpoint out = door;
  if (!door.ip.unspecified()) return out;
  if (const auto loopback = IpAddress::parse(door.ip.v6 ? "::1" : "127.0.0.1")) out.ip = *loopback;
  return out;
}

bool connect_to(int descriptor, const Endpoint& to) {
  if (to.ip.v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(to.port);
    std::memcpy(&address.sin6_addr, to.ip.bytes.data(), 16);
    return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  std::memcpy(&address.sin_addr, to.ip.bytes.data(), 4);
  return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive_all(int descriptor, std::string& out) {
  std::array<char, 16 * 1024> part;
  while (out.size() <= kLargest) {
    const ssize_t got = ::recv(descriptor, part.data(), part.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    out.append(part.data(), static_cast<std::size_t>(got));
  }
  errno = EMSGSIZE;
  return false;
}

} // namespace

bool ask_admin(const Endpoint& door, std::string_view request_line, AdminAnswer& answer, std::string& why) {
  const Endpoint to = from_here(door);
  const Socket socket(::socket(to.ip.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{kPatience, 0};
  if (socket.get() >= 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  if (socket.get() < 0 || !connect_to(socket.get(), to)) {
    why = "nobody answers at " + to.text() + " (" + reason(errno) + "): is the edge running, and with these settings?";
    return false;
  }
  std::string request(request_line);
  request += " HTTP/1.1\r\nHost: " + to.text() + "\r\nX-Ledgergate-Admin: 1\r\nConnection: close\r\n\r\n";
  std::string reply;
  if (!send_all(socket.get(), request) || !receive_all(socket.get(), reply)) {
    why = "the edge at " + to.text() + " does not answer: " + reason(errno);
    return false;
  }
  const std::size_t end = reply.find("\r\n\r\n");
  const std::string head = reply.substr(0, end == std::string::npos ? 0 : end + 4);
  http::ReplyHead parsed;
  const auto good = http::parse_reply(head, http::Method::get, parsed);
  if (!good || parsed.body.kind != http::BodyKind::length || reply.size() - head.size() != parsed.body.length) {
    why = "what answers at " + to.text() + " is not the administrator's door of an edge";
    return false;
  }
  answer.status = parsed.status;
  answer.body = reply.substr(head.size());
  return true;
}

} // namespace ledgergate
