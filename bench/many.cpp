// Many connections at once, for `scripts/bench --many`: they idle, or take as long as they can.
//
//   many PORT COUNT idle|upload|read
//
// Each is opened over TLS. `idle` ones ask for / once. `upload` ones begin a body of 1 GiB and drip a byte a second. `read` ones
// ask for /bulk through the smallest window there is and take a byte a second off the socket. "open" is printed when all are there;
// then it goes on until its input ends, and prints one line of JSON: how many are left, and how long it took until the last was cut
// off (0: it was not).
#include "tls_connection.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

#include <poll.h>

namespace {

using Clock = std::chrono::steady_clock;

enum class Mode : std::uint8_t { idle, upload, read };

struct Member {
  Connection connection;
  bool cut = false;
};

constexpr std::string_view kAsk = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kUpload = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n";
constexpr std::string_view kRead = "GET /bulk HTTP/1.1\r\nHost: localhost\r\n\r\n";

bool begin(Member& member, SSL_CTX* context, std::uint16_t port, Mode mode, std::vector<char>& buffer) {
  if (!member.connection.open(context, port, nullptr, mode == Mode::read ? 4096 : 0)) return false;
  switch (mode) {
  case Mode::idle: return member.connection.exchange(kAsk, buffer).has_value();
  case Mode::upload: return member.connection.send(kUpload);
  case Mode::read: return member.connection.send(kRead);
  }
  return false;
}

// Whether it is still there.
bool drop(Member& member, Mode mode) {
  if (mode == Mode::idle) return member.connection.quiet();
  if (mode == Mode::upload) return member.connection.quiet() && member.connection.send("x");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(member.connection.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size); // the kernel hands out data before it tells
  char byte = 0;
  const ssize_t got = ::recv(member.connection.descriptor(), &byte, 1, MSG_DONTWAIT);
  return error == 0 && (got > 0 || (got < 0 && errno == EAGAIN));
}

bool input_ended(int milliseconds) {
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  char byte = 0;
  return ::poll(&ready, 1, milliseconds) > 0 && ::read(STDIN_FILENO, &byte, 1) <= 0;
}

} // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  std::uint16_t port = 0;
  std::size_t members = 0;
  const auto number = [](const char* word, auto& value) {
    const auto result = std::from_chars(word, word + std::strlen(word), value);
    return result.ec == std::errc() && *result.ptr == '\0' && value > 0;
  };
  const std::string_view word = count == 4 ? words[3] : "";
  if ((word != "idle" && word != "upload" && word != "read") || !number(words[1], port) || !number(words[2], members)) {
    std::fputs("usage: many PORT COUNT idle|upload|read\n", stderr);
    return 2;
  }
  const Mode mode = word == "idle" ? Mode::idle : word == "upload" ? Mode::upload : Mode::read;
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return 1;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  std::deque<Member> all(members);
  std::vector<char> buffer(16 * 1024);
  std::size_t left = 0;
  for (Member& member : all) {
    member.cut = !begin(member, context.get(), port, mode, buffer);
    left += member.cut ? 0 : 1;
  }
  std::printf("{\"open\":%zu}\n", left);
  std::fflush(stdout);
  const auto start = Clock::now();
  double last = 0;
  while (!input_ended(1000)) {
    for (Member& member : all) {
      if (member.cut || drop(member, mode)) continue;
      member.cut = true;
      if (--left == 0) last = std::chrono::duration<double>(Clock::now() - start).count();
    }
  }
  std::printf("{\"left\":%zu,\"seconds\":%.1f}\n", left, last);
  return 0;
}
