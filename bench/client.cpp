// The load that wrk can't make: a TLS handshake for each request (full or resumed), large downloads, and an exact number of
// requests on connections that are already open (for counting system calls).
//
//   client handshake PORT SECONDS THREADS        a new connection and a full handshake for each request
//   client resume    PORT SECONDS THREADS        the same with the session of the connection before
//   client bulk      PORT SECONDS THREADS PATH   downloads over kept connections; what has begun is finished
//   client counted   PORT REQUESTS THREADS       opens the connections, says "ready", waits for a line on stdin, sends so many
//   requests,
//                                                says "done", waits for a line, closes
//
// Blocking sockets, a thread a connection: simple, and the proxy under test is on another core. The result is one line of JSON.
// Protocol and cipher come from OPENSSL_CONF, as they do for wrk.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

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

  bool open(SSL_CTX* context, std::uint16_t port, SSL_SESSION* session) {
    close();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

  // Sends a request and reads the whole answer. Bytes of the body, or nothing on failure; only 200 with a Content-Length is
  // success.
  std::optional<std::uint64_t> exchange(std::string_view request, std::vector<char>& buffer) {
    if (SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0) return std::nullopt;
    std::string head;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) return std::nullopt;
      head.append(buffer.data(), static_cast<std::size_t>(count));
      end = head.find("\r\n\r\n");
    }
    const std::optional<std::uint64_t> length = content_length(std::string_view(head).substr(0, end + 2));
    if (!head.starts_with("HTTP/1.1 200 ") || !length) return std::nullopt;
    std::uint64_t got = head.size() - end - 4;
    while (got < *length) {
      const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) return std::nullopt;
      got += static_cast<std::uint64_t>(count);
    }
    return got == *length ? length : std::nullopt;
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
  std::unique_ptr<SSL, Free> ssl_;
};

struct Counts {
  std::uint64_t requests = 0, errors = 0, resumed = 0, bytes = 0;
  std::vector<std::uint32_t> micros;
};

struct Load {
  std::string mode;
  std::uint16_t port = 0;
  std::uint64_t amount = 0; // seconds or requests
  std::size_t threads = 1;
  std::string path = "/";
};

std::string request_for(const Load& load, bool last) {
  return "GET " + load.path + " HTTP/1.1\r\nHost: localhost\r\n" + (last ? "Connection: close\r\n" : "") + "\r\n";
}

void handshakes(const Load& load, SSL_CTX* context, Clock::time_point end, Counts& counts) {
  const std::string request = request_for(load, true);
  std::vector<char> buffer(16 * 1024);
  Session session;
  while (Clock::now() < end) {
    const auto begun = Clock::now();
    Connection connection;
    if (!connection.open(context, load.port, session.get()) || !connection.exchange(request, buffer)) {
      ++counts.errors;
      session.reset();
      continue;
    }
    counts.micros.push_back(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
    ++counts.requests;
    counts.resumed += connection.resumed() ? 1u : 0u;
    if (load.mode == "resume") session = connection.session();
  }
}

void downloads(const Load& load, SSL_CTX* context, Clock::time_point end, Counts& counts) {
  const std::string request = request_for(load, false);
  std::vector<char> buffer(256 * 1024);
  Connection connection;
  bool open = false;
  while (Clock::now() < end) {
    if (!open && !(open = connection.open(context, load.port, nullptr))) {
      ++counts.errors;
      continue;
    }
    const auto begun = Clock::now();
    const auto bytes = connection.exchange(request, buffer);
    if (!bytes) {
      ++counts.errors;
      open = false;
      continue;
    }
    counts.micros.push_back(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
    ++counts.requests;
    counts.bytes += *bytes;
  }
}

// `gate` opens when the system calls are being counted; `leave` when they no longer are.
void counted(const Load& load, SSL_CTX* context, std::uint64_t share, std::latch& ready, std::latch& gate, std::latch& done,
             std::latch& leave, Counts& counts) {
  const std::string request = request_for(load, false);
  std::vector<char> buffer(16 * 1024);
  Connection connection;
  const bool open = connection.open(context, load.port, nullptr) && connection.exchange(request, buffer);
  ready.count_down();
  gate.wait();
  for (std::uint64_t i = 0; i < share; ++i) {
    if (open && connection.exchange(request, buffer)) {
      ++counts.requests;
    } else {
      ++counts.errors;
      break;
    }
  }
  done.count_down();
  leave.wait();
}

void say_and_wait(const char* word) {
  std::puts(word);
  std::fflush(stdout);
  for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
}

void report(std::vector<Counts>& all, double seconds) {
  Counts sum;
  for (Counts& counts : all) {
    sum.requests += counts.requests, sum.errors += counts.errors, sum.resumed += counts.resumed, sum.bytes += counts.bytes;
    sum.micros.insert(sum.micros.end(), counts.micros.begin(), counts.micros.end());
  }
  std::sort(sum.micros.begin(), sum.micros.end());
  const auto percentile = [&sum](std::size_t percent) -> std::uint32_t {
    return sum.micros.empty() ? 0 : sum.micros[std::min(sum.micros.size() - 1, sum.micros.size() * percent / 100)];
  };
  std::printf("{\"requests\":%llu,\"errors\":%llu,\"resumed\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"p50\":%u,\"p99\":%u}\n",
              static_cast<unsigned long long>(sum.requests), static_cast<unsigned long long>(sum.errors),
              static_cast<unsigned long long>(sum.resumed), static_cast<unsigned long long>(sum.bytes), seconds, percentile(50),
              percentile(99));
}

std::optional<Load> parse(int count, char** words) {
  if (count < 5 || count > 6) return std::nullopt;
  const auto number = [](const char* word, auto& value) {
    const char* const end = word + std::strlen(word);
    const auto result = std::from_chars(word, end, value);
    return result.ec == std::errc() && result.ptr == end && value > 0;
  };
  Load load;
  load.mode = words[1];
  if (count == 6) load.path = words[5];
  const bool known = load.mode == "handshake" || load.mode == "resume" || load.mode == "bulk" || load.mode == "counted";
  if (!known || !number(words[2], load.port) || !number(words[3], load.amount) || !number(words[4], load.threads))
    return std::nullopt;
  return load;
}

} // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::optional<Load> load = parse(count, words);
  if (!load) {
    std::fputs("usage: client handshake|resume|bulk|counted PORT SECONDS-OR-REQUESTS THREADS [PATH]\n", stderr);
    return 2;
  }
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return 1;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  std::vector<Counts> counts(load->threads);
  const auto threads = static_cast<std::ptrdiff_t>(load->threads);
  std::latch ready(threads), gate(1), done(threads), leave(1);
  const auto begun = Clock::now();
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < load->threads; ++i) {
      workers.emplace_back([&, i] {
        const Clock::time_point end = begun + std::chrono::seconds(load->amount);
        if (load->mode == "counted")
          counted(*load, context.get(), load->amount / load->threads, ready, gate, done, leave, counts[i]);
        else if (load->mode == "bulk")
          downloads(*load, context.get(), end, counts[i]);
        else
          handshakes(*load, context.get(), end, counts[i]);
      });
    }
    if (load->mode == "counted") {
      ready.wait();
      say_and_wait("ready");
      gate.count_down();
      done.wait();
      say_and_wait("done");
      leave.count_down();
    }
  }
  report(counts, std::chrono::duration<double>(Clock::now() - begun).count());
  return 0;
}
