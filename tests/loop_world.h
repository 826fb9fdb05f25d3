// A loop that a test turns by hand until something has happened, and TCP connections over loopback to put on it.
#pragma once

#include "io/loop.h"
#include "io/stream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace ledgergate::tests {

class Socket {
public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  // RST instead of FIN.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  std::size_t send(std::string_view bytes) const {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  // What is there now; `end` when the peer has finished.
  std::string receive(bool* end = nullptr) const {
    std::string all, block(64 * 1024, '\0');
    for (;;) {
      const ssize_t got = ::recv(descriptor_, block.data(), block.size(), MSG_DONTWAIT);
      if (got == 0 && end != nullptr) *end = true;
      if (got <= 0) return all;
      all.append(block, 0, static_cast<std::size_t>(got));
    }
  }
  // errno of the next read, 0 when there is something or the end.
  [[nodiscard]] int read_error() const {
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 ? errno : 0;
  }

private:
  int descriptor_;
};

class Listening {
public:
  explicit Listening(int backlog = 64) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket_.get(), backlog) != 0 || ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
      throw std::runtime_error("listen");
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Endpoint endpoint() const { return *Endpoint::parse("127.0.0.1:" + std::to_string(port_)); }
  [[nodiscard]] Socket accept() const { return Socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  // -1 inside when nobody has connected.
  [[nodiscard]] Socket accept_now() const {
    ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    return accept();
  }
  [[nodiscard]] int get() const { return socket_.get(); }
  void close() { socket_.close(); }

private:
  Socket socket_;
  std::uint16_t port_ = 0;
};

// Both ends of one TCP connection.
inline std::pair<Socket, Socket> connected_pair() {
  const Listening listening;
  Socket near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(listening.port());
  if (::connect(near.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  return {std::move(near), listening.accept()};
}

// Wakes a loop every few milliseconds. UV_RUN_ONCE runs the timers, and then waits for events, also when a timer has just brought
// what the test waits for; and a raw socket at the other end wakes no loop.
struct Heartbeat final : io::Deadline {
  explicit Heartbeat(io::Loop& its_loop) : loop(its_loop) { loop.set_deadline(*this, loop.now() + 5); }
  void expired() noexcept override {
    ++beats;
    loop.set_deadline(*this, loop.now() + 5);
  }
  io::Loop& loop;
  int beats = 0;
};

// Turns the loop until `condition`; false when that does not come about in a very long time.
inline bool turn_until(io::Loop& loop, const std::function<bool()>& condition) {
  constexpr int kPatience = 12'000;
  Heartbeat heartbeat(loop);
  while (!condition()) {
    if (heartbeat.beats > kPatience) return false;
    uv_run(loop.uv(), UV_RUN_ONCE);
  }
  return true;
}

class LoopWorld {
public:
  io::Loop loop;

  bool until(const std::function<bool()>& condition) { return turn_until(loop, condition); }
  // Lets everything happen that can happen without waiting.
  void settle(int turns = 20) {
    for (int i = 0; i < turns; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
  }
  io::Stream::Ptr adopt(Socket socket) { return io::Stream::adopt(loop, socket.release()); }
};

// Calls back when its stream wakes.
class Watcher final : public io::StreamWatcher {
public:
  std::function<void(io::Stream&)> then;
  int woke = 0;
  void stream_woke(io::Stream& stream) override {
    ++woke;
    if (then) then(stream);
  }
};

} // namespace ledgergate::tests
