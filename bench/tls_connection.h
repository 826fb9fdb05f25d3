// A client's TLS connection over loopback, blocking: one request, one answer. Protocol and cipher come from OPENSSL_CONF.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Session = std::unique_ptr<SSL_SESSION, Free>;

class Connection {
public:
  Connection() = default;
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `window`: bytes that the kernel takes before they are read; 0: as many as it likes.
  bool open(SSL_CTX* context, std::uint16_t port, SSL_SESSION* session, int window = 0) {
    close();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (window != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssl_.reset(SSL_new(context));
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1) return false;
    char name[] = "localhost"; // SSL_set_tlsext_host_name() without the old-style cast in the macro
    if (SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) != 1) return false;
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
    return SSL_connect(ssl_.get()) == 1;
  }

  // From here on receive() gives up when `over`, which must outlive the connection.
  void give_up_when(const std::atomic<bool>& over) {
    over_ = &over;
    const timeval step{0, 100'000}; // how often it looks
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
  }

  bool send(std::string_view bytes) { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0; }

  // Reads a whole answer, which must have a Content-Length: bytes of its body, or nothing on failure.
  std::optional<std::uint64_t> receive(std::vector<char>& buffer) {
    std::string head;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      const int count = read(buffer);
      if (count <= 0) return std::nullopt;
      head.append(buffer.data(), static_cast<std::size_t>(count));
      end = head.find("\r\n\r\n");
    }
    const std::optional<std::uint64_t> length = content_length(std::string_view(head).substr(0, end + 2));
    ok_ = head.starts_with("HTTP/1.1 200 ");
    if (!length) return std::nullopt;
    std::uint64_t got = head.size() - end - 4;
    while (got < *length) {
      const int count = read(buffer);
      if (count <= 0) return std::nullopt;
      got += static_cast<std::uint64_t>(count);
    }
    return got == *length ? length : std::nullopt;
  }

  // Neither an answer nor an end has come; waits for nothing. Only quiet() and send() can be used from here on.
  bool quiet() {
    if (!quiet_) ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    quiet_ = true;
    ERR_clear_error();
    char byte = 0;
    const int count = SSL_peek(ssl_.get(), &byte, 1);
    return count <= 0 && SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ;
  }
  [[nodiscard]] int descriptor() const { return fd_; }

  [[nodiscard]] bool ok() const { return ok_; } // the last answer's status was 200

  // One request and its answer; only 200 is success.
  std::optional<std::uint64_t> exchange(std::string_view request, std::vector<char>& buffer) {
    if (!send(request)) return std::nullopt;
    const auto length = receive(buffer);
    return ok_ ? length : std::nullopt;
  }

  // A session that can be resumed; with TLS 1.3 it is there once the answer has been read.
  [[nodiscard]] Session session() const { return Session(SSL_get1_session(ssl_.get())); }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

  void close() {
    if (ssl_) SSL_shutdown(ssl_.get());
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

private:
  int read(std::vector<char>& buffer) {
    for (;;) {
      ERR_clear_error(); // or SSL_get_error() would speak of an older failure
      const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (count > 0 || SSL_get_error(ssl_.get(), count) != SSL_ERROR_WANT_READ || (over_ != nullptr && *over_)) return count;
    }
  }

  static std::optional<std::uint64_t> content_length(std::string_view head) {
    std::string lower(head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    constexpr std::string_view kName = "\r\ncontent-length: ";
    const std::size_t at = lower.find(kName);
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t length = 0;
    const auto result = std::from_chars(lower.data() + at + kName.size(), lower.data() + lower.size(), length);
    return result.ec == std::errc() ? std::optional(length) : std::nullopt;
  }

  int fd_ = -1;
  bool ok_ = false;
  bool quiet_ = false;
  const std::atomic<bool>* over_ = nullptr;
  std::unique_ptr<SSL, Free> ssl_;
};
