// The load of `scripts/bench --turns`: a till with a person in front of it, beside a crowd at the same server.
//
//   crowd PORT SECONDS FLOODERS FLOOD_MS drip|nodrip
//
// Each of so many flooders keeps a connection and asks for something that takes the server FLOOD_MS, again and again. The till
// asks every 200 ms for something of 20 ms, from when the crowd is well under way. With `drip` somebody sends bodies of 8 KiB all
// the while, at 1 KiB a second. One thread each, blocking; the result is one line of JSON. All come from one address, as behind a
// branch's router; flooders and dripper ask for shop.test, the till for till.test.
#include "tls_connection.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <csignal>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kPeriod = 200ms;     // of the till
constexpr auto kUnderWay = 1s;      // the crowd alone
constexpr auto kAfterRefusal = 2ms; // a flooder's pause; without one it would measure how fast a proxy refuses
constexpr auto kPatience = 15s;     // for the till's last request, behind the end
constexpr std::size_t kDripped = 8192, kDrip = 1024;

struct Load {
  std::uint16_t port = 0;
  std::uint32_t seconds = 0, flooders = 0, flood_ms = 0;
  bool drip = false;
};

struct Counts {
  std::atomic<std::uint64_t> flood{0}, flood_errors{0}; // while the till asks
  std::atomic<std::uint64_t> drips{0}, drip_errors{0};
  std::atomic<bool> counting{false}, over{false};
};

struct Till {
  std::vector<std::int64_t> micros; // of requests that were answered with 200
  std::uint64_t errors = 0;
  std::uint64_t most_passed = 0; // of the crowd's requests answered while the till waited for one of its own
};

class Caller {
public:
  Caller(SSL_CTX* context, std::uint16_t port, const std::atomic<bool>& over) : context_(context), port_(port), over_(over) {}
  // False: no answer until it is over, or a refusal.
  bool ask(std::string_view request) {
    if (!ready()) return false;
    if (connection_.send(request)) return answered();
    open_ = false;
    return false;
  }
  bool ready() {
    if (open_) return true;
    open_ = connection_.open(context_, port_, nullptr);
    connection_.give_up_when(over_);
    return open_;
  }
  bool send(std::string_view bytes) { return open_ && (open_ = connection_.send(bytes)); }
  bool answered() {
    open_ = connection_.receive(buffer_).has_value();
    return open_ && connection_.ok();
  }

private:
  SSL_CTX* context_;
  std::uint16_t port_;
  const std::atomic<bool>& over_;
  Connection connection_;
  bool open_ = false;
  std::vector<char> buffer_ = std::vector<char>(16 * 1024);
};

std::string get(std::string_view host, std::uint32_t ms) {
  return "GET /documents/" + std::to_string(ms) + " HTTP/1.1\r\nHost: " + std::string(host) +
         "\r\nSTW-Authorization: Basic QDo=\r\n\r\n";
}

void flood(Caller caller, const std::string& request, Counts& counts) {
  while (!counts.over) {
    const bool answered = caller.ask(request);
    if (counts.over) return;
    if (counts.counting) ++(answered ? counts.flood : counts.flood_errors);
    if (!answered) std::this_thread::sleep_for(kAfterRefusal);
  }
}

void drip(Caller caller, Counts& counts) {
  const std::string head =
      "POST /xml HTTP/1.1\r\nHost: shop.test\r\nContent-Type: text/xml\r\nContent-Length: " + std::to_string(kDripped) +
      "\r\nSTW-Authorization: Basic QDo=\r\n\r\n";
  const std::string part(kDrip, ' ');
  while (!counts.over) {
    bool good = caller.ready() && caller.send(head);
    for (std::size_t sent = 0; good && sent < kDripped; sent += kDrip) {
      if (sent != 0) std::this_thread::sleep_for(1s);
      if (counts.over) return;
      good = caller.send(part);
    }
    good = good && caller.answered();
    if (counts.over) return;
    ++(good ? counts.drips : counts.drip_errors);
    if (!good) std::this_thread::sleep_for(kAfterRefusal);
  }
}

Till till(Caller caller, Clock::time_point due, Clock::time_point end, Counts& counts) {
  const std::string request = get("till.test", 20);
  Till result;
  caller.ready(); // the handshake is no part of a request
  std::this_thread::sleep_until(due);
  counts.counting = true;
  while (due < end) {
    const std::uint64_t before = counts.flood;
    const auto asked = Clock::now();
    const bool answered = caller.ask(request);
    const auto took = Clock::now() - asked;
    result.most_passed = std::max(result.most_passed, counts.flood - before);
    if (answered)
      result.micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    else
      ++result.errors;
    while (due <= Clock::now()) due += kPeriod;
    std::this_thread::sleep_until(due);
  }
  return result;
}

std::optional<Load> parse(int count, char** words) {
  if (count != 6) return std::nullopt;
  const auto number = [](const char* word, auto& value) {
    const char* const end = word + std::strlen(word);
    const auto result = std::from_chars(word, end, value);
    return result.ec == std::errc() && result.ptr == end && value > 0;
  };
  Load load;
  load.drip = std::string_view(words[5]) == "drip";
  const bool known = load.drip || std::string_view(words[5]) == "nodrip";
  if (!known || !number(words[1], load.port) || !number(words[2], load.seconds) || !number(words[3], load.flooders) ||
      !number(words[4], load.flood_ms))
    return std::nullopt;
  return load;
}

} // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::optional<Load> load = parse(count, words);
  if (!load) {
    std::fputs("usage: crowd PORT SECONDS FLOODERS FLOOD_MS drip|nodrip\n", stderr);
    return 2;
  }
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return 1;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  Counts counts;
  Till result;
  const auto begin = Clock::now() + kUnderWay;
  const auto end = begin + std::chrono::seconds(load->seconds);
  double seconds = 0;
  {
    std::vector<std::jthread> crowd;
    const std::string request = get("shop.test", load->flood_ms);
    for (std::uint32_t i = 0; i < load->flooders; ++i)
      crowd.emplace_back([&] { flood(Caller(context.get(), load->port, counts.over), request, counts); });
    if (load->drip) crowd.emplace_back([&] { drip(Caller(context.get(), load->port, counts.over), counts); });
    auto asking =
        std::async(std::launch::async, [&] { return till(Caller(context.get(), load->port, counts.over), begin, end, counts); });
    if (asking.wait_until(end + kPatience) != std::future_status::ready) counts.over = true;
    result = asking.get();
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    counts.over = true;
  }
  std::printf("{\"flood\":%llu,\"flood_errors\":%llu,\"drips\":%llu,\"drip_errors\":%llu,\"till_errors\":%llu,\"most_passed\":%llu,"
              "\"seconds\":%.3f,\"till_micros\":[",
              static_cast<unsigned long long>(counts.flood), static_cast<unsigned long long>(counts.flood_errors),
              static_cast<unsigned long long>(counts.drips), static_cast<unsigned long long>(counts.drip_errors),
              static_cast<unsigned long long>(result.errors), static_cast<unsigned long long>(result.most_passed), seconds);
  for (std::size_t i = 0; i < result.micros.size(); ++i)
    std::printf("%s%lld", i == 0 ? "" : ",", static_cast<long long>(result.micros[i]));
  std::puts("]}");
  return 0;
}
