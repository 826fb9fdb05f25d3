// A server that does one thing at a time, as mServer does, for `scripts/bench --turns`:
//
//   one_slot PORT CONTROL_PORT
//
// A request takes as many milliseconds as the number at the end of its path says (20 without one), from when its body is whole;
// until then it holds the slot as well, for a server with one thread reads what it works on. Others are served in order of
// arrival. Each connection to the control port is told the counts since the one before, as a line of JSON. One thread, ppoll(2).
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Connection {
  int descriptor = -1;
  std::string input;
  bool ended = false;   // the peer will send no more
  bool in_line = false; // the head of its request is here, the reply is not sent
  // Of that request:
  std::size_t length = 0; // head and body
  bool last = false;      // the connection closes behind the reply
  milliseconds service{20};
};

struct Counts {
  std::uint64_t requests = 0;                // answered
  std::uint64_t overlapping_requests = 0;    // that came while another was in the line or in the slot
  std::uint64_t overlapping_connections = 0; // that were opened while another was open
  std::uint64_t given_up = 0;                // whose connection ended before they were answered
};

int listen_on(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listening =
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(descriptor, 256) == 0;
  return listening ? descriptor : -1;
}

std::uint64_t number_in(std::string_view text, std::uint64_t otherwise) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() ? value : otherwise;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

// Whether a whole head has come; then `c` knows about its request. A body comes with Content-Length here, or not at all.
bool take_head(Connection& c) {
  const std::size_t end = c.input.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = lower(std::string_view(c.input).substr(0, end + 2));
  const std::size_t from = head.find(' ') + 1;
  const std::string_view path = std::string_view(head).substr(from, head.find(' ', from) - from);
  const std::size_t digits = path.find_last_not_of("0123456789") + 1;
  c.service = milliseconds(number_in(path.substr(digits), 20));
  const std::size_t length = head.find("\r\ncontent-length: ");
  c.length = end + 4 + (length == std::string::npos ? 0 : number_in(std::string_view(head).substr(length + 18), 0));
  const bool http_1_0 = head.find(" http/1.0\r\n") != std::string::npos;
  c.last = head.find("\r\nconnection: close\r\n") != std::string::npos ||
           (http_1_0 && head.find("\r\nconnection: keep-alive\r\n") == std::string::npos);
  return true;
}

class Server {
public:
  Server(int listener, int control) : listener_(listener), control_(control) {}

  [[noreturn]] void run() {
    std::vector<pollfd> watched;
    for (;;) {
      serve();
      watched.assign({{listener_, POLLIN, 0}, {control_, POLLIN, 0}});
      for (const Connection& c : connections_) watched.push_back({c.ended ? -1 : c.descriptor, POLLIN, 0}); // -1 is passed over
      timespec wait{};
      if (done_at_) {
        const auto left = std::max(*done_at_ - Clock::now(), Clock::duration::zero());
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        wait.tv_sec = seconds.count();
        wait.tv_nsec = std::chrono::nanoseconds(left - seconds).count();
      }
      if (::ppoll(watched.data(), watched.size(), done_at_ ? &wait : nullptr, nullptr) < 0) continue;
      // Ends before beginnings: a connection that was closed before another was opened does not overlap it.
      std::size_t at = 2;
      for (auto each = connections_.begin(); each != connections_.end(); ++at) {
        const auto here = each++;
        if (watched[at].revents != 0) read(*here);
        if (here->ended && !serving(*here)) close(here);
      }
      if (watched[0].revents != 0) accept();
      if (watched[1].revents != 0) report();
    }
  }

private:
  int listener_, control_;
  std::list<Connection> connections_;
  std::deque<Connection*> line_;             // the first one has the slot
  std::optional<Clock::time_point> done_at_; // of the first one, once its body is whole
  Counts counts_;

  // It is worked on, and will be to the end whether anybody listens or not.
  [[nodiscard]] bool serving(const Connection& c) const { return done_at_ && line_.front() == &c; }

  void serve() {
    while (!line_.empty()) {
      Connection& first = *line_.front();
      if (!done_at_) {
        if (first.input.size() < first.length) return;
        done_at_ = Clock::now() + first.service;
      }
      if (Clock::now() < *done_at_) return;
      answer(first);
    }
  }

  void answer(Connection& c) {
    static constexpr std::string_view kReply =
        "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml\r\nContent-Length: 62\r\n\r\n"
        "<rsp:responsePack version=\"2.0\" state=\"ok\"></rsp:responsePack>";
    line_.pop_front();
    done_at_.reset();
    c.in_line = false;
    c.input.erase(0, c.length);
    ++counts_.requests;
    if (::send(c.descriptor, kReply.data(), kReply.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kReply.size())) c.ended = true;
    if (c.last) ::shutdown(c.descriptor, SHUT_WR);
    if (c.ended) // found only now: read() has said all it had to say
      close(std::find_if(connections_.begin(), connections_.end(), [&c](const Connection& each) { return &each == &c; }));
    else
      line_up(c);
  }

  void read(Connection& c) {
    char block[16 * 1024];
    for (;;) {
      const ssize_t got = ::recv(c.descriptor, block, sizeof block, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (got <= 0) {
        c.ended = true;
        break;
      }
      c.input.append(block, static_cast<std::size_t>(got));
    }
    line_up(c);
  }

  void line_up(Connection& c) {
    if (c.in_line || !take_head(c)) return;
    c.in_line = true;
    if (!line_.empty()) ++counts_.overlapping_requests;
    line_.push_back(&c);
  }

  void close(std::list<Connection>::iterator c) {
    if (c->in_line) {
      std::erase(line_, &*c);
      ++counts_.given_up;
    }
    ::close(c->descriptor);
    connections_.erase(c);
  }

  void accept() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (descriptor < 0) return;
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (!connections_.empty()) ++counts_.overlapping_connections;
      connections_.emplace_back().descriptor = descriptor;
    }
  }

  void report() {
    const int descriptor = ::accept4(control_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    char text[300];
    const int size = std::snprintf(text, sizeof text,
                                   "{\"requests\":%llu,\"overlapping_requests\":%llu,\"overlapping_connections\":%llu,"
                                   "\"given_up\":%llu,\"open\":%zu}\n",
                                   static_cast<unsigned long long>(counts_.requests),
                                   static_cast<unsigned long long>(counts_.overlapping_requests),
                                   static_cast<unsigned long long>(counts_.overlapping_connections),
                                   static_cast<unsigned long long>(counts_.given_up), connections_.size());
    static_cast<void>(::send(descriptor, text, static_cast<std::size_t>(size), MSG_NOSIGNAL));
    ::close(descriptor);
    counts_ = {};
  }
};

} // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::uint64_t port = count == 3 ? number_in(words[1], 0) : 0;
  const std::uint64_t control_port = count == 3 ? number_in(words[2], 0) : 0;
  if (port == 0 || port > 65535 || control_port == 0 || control_port > 65535) {
    std::fputs("usage: one_slot PORT CONTROL_PORT\n", stderr);
    return 2;
  }
  const int listener = listen_on(static_cast<std::uint16_t>(port));
  const int control = listen_on(static_cast<std::uint16_t>(control_port));
  if (listener < 0 || control < 0) {
    std::perror("one_slot: listen");
    return 1;
  }
  Server(listener, control).run();
}
