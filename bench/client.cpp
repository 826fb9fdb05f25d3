// The load that wrk can't make: a TLS handshake for each request (full or resumed), large downloads, and an exact number of
// requests on connections that are already open (for counting system calls).
//
//   client handshake PORT SECONDS THREADS        a new connection and a full handshake for each request
//   client resume    PORT SECONDS THREADS        the same with the session of the connection before, where that has brought a new
//   one client bulk      PORT SECONDS THREADS PATH   downloads over kept connections; what has begun is finished client counted
//   PORT REQUESTS THREADS       opens the connections, says "ready", waits for a line on stdin, sends so many requests,
//                                                says "done", waits for a line, closes
//
// Blocking sockets, a thread a connection: simple, and the proxy under test is on another core. The result is one line of JSON.
// Protocol and cipher come from OPENSSL_CONF, as they do for wrk.
#include "tls_connection.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <csignal>

namespace {

using Clock = std::chrono::steady_clock;

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

// A ticket of TLS 1.3 is used once, as browsers, Java and Go do (RFC 8446 appendix C.4): who gets no fresh one shakes hands in
// full.
bool is_used(const SSL_SESSION* session, const SSL_SESSION* before) {
  if (before == nullptr || SSL_SESSION_get_protocol_version(session) != TLS1_3_VERSION) return false;
  const auto ticket = [](const SSL_SESSION* of) {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(of, &bytes, &size);
    return std::string_view(reinterpret_cast<const char*>(bytes), size);
  };
  return ticket(session) == ticket(before);
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
    if (load.mode != "resume") continue;
    Session next = connection.session();
    session = is_used(next.get(), session.get()) ? nullptr : std::move(next);
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
