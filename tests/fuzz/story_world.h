// A worker of the real program with one caller's connection and the servers that it asks, all inside this process: connections are
// socket pairs, and time stands still until it is told to pass. Only what libuv is asked for is played: connecting, timers and the
// clock (see the wrapped functions in story_world.cpp). So a story runs as fast as it can, and always the same way.
#pragma once

#include "serve/worker.h"
#include "settings/settings.h"
#include "state/shared.h"

#include <openssl/types.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::fuzz {

struct FreeSsl {
  void operator()(SSL* ssl) const;
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
// A client's, over buffers in memory.
[[nodiscard]] SslPtr make_caller_tls();

// The far end of a connection. With `tls` what it says and receives goes through that.
class FarEnd {
public:
  explicit FarEnd(int descriptor, SslPtr tls = {}) : descriptor_(descriptor), tls_(std::move(tls)) {}
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;
  ~FarEnd() { close(); }

  void say(std::string_view bytes) { (tls_ ? unsealed_ : waiting_) += bytes; }
  void end() { ending_ = true; } // behind what is waiting
  void close();
  // Sends and takes what can be sent and taken now; true when anything happened.
  bool turn();

  [[nodiscard]] bool open() const { return descriptor_ >= 0 && !ending_; }
  [[nodiscard]] bool left() const { return descriptor_ < 0; } // closed from this side
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] const std::string& said() const { return said_; }

private:
  int descriptor_;
  std::string waiting_, said_, received_;
  bool ending_ = false;
  bool ended_ = false;    // FIN is out
  bool finished_ = false; // the other side ended
  SslPtr tls_;
  std::string unsealed_; // what waits for the handshake

  void seal();
  void receive(std::string_view bytes);
};

class World {
public:
  // `roomy`: what is sent is taken at once, if it is not very much.
  explicit World(std::shared_ptr<const settings::Settings> settings, bool roomy = false);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A caller at `peer` comes in by the listener of that index.
  void call(std::size_t listener, const Endpoint& peer, bool tls);
  [[nodiscard]] FarEnd& caller() { return *caller_; }
  // The server's connections, oldest first. What is said while none is open is for the next one.
  [[nodiscard]] const std::vector<std::unique_ptr<FarEnd>>& servers() const { return servers_; }
  void server_says(std::string_view bytes);
  void server_ends();
  void server_leaves();
  enum class Connecting { answers, refuses, hangs };
  void connecting(Connecting how) { how_ = how; }

  // Everything happens that can happen without time passing.
  void settle();
  // One round of the loop of that. Whether anything has moved.
  bool turn();
  // Time passes up to the next deadline; false when nobody waits for any.
  bool pass();
  void drain();
  void halt() { worker_->halt(); }
  // Every connection is ended to make room; all report what they hold, and what is spare is given back.
  void shed();
  void count_holders();
  // Is told when the edge's own code begins (true) and ends to run.
  void around(std::function<void(bool inside)> hook) { around_ = std::move(hook); }

  [[nodiscard]] bool connected() const { return shared_.capacity.open.load() != 0; } // the caller's connection is not over
  [[nodiscard]] bool cut() const { return cut_; }                                    // the edge broke it, for the caller to see
  [[nodiscard]] bool drained() const { return drained_; }
  [[nodiscard]] std::uint64_t logged() const; // requests
  // Behind drained(): nothing is open, held or waited for.
  void check_rest();

  // What stands in for libuv.
  [[nodiscard]] std::uint64_t now() const { return now_; }
  int connect(uv_connect_t* request, uv_tcp_t* handle, uv_connect_cb done);
  void start_timer(uv_timer_t* timer, uv_timer_cb due, std::uint64_t wait);
  void stop_timer(const uv_timer_t* timer);
  void closing(const uv_handle_t* handle);
  void resetting(const uv_tcp_t* handle);

private:
  struct Timer {
    uv_timer_t* timer;
    uv_timer_cb due;
    std::uint64_t at;
  };
  struct Pending {
    uv_connect_t* request;
    uv_tcp_t* handle;
    uv_connect_cb done;
    bool hangs;
  };
  std::uint64_t now_ = 1000; // ms
  std::vector<Timer> timers_;
  std::vector<Pending> pending_;
  Connecting how_ = Connecting::answers;
  Shared shared_;
  listen::TicketKeys keys_;
  upstream::TurnTable turns_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<FarEnd> caller_;
  std::vector<std::unique_ptr<FarEnd>> servers_;
  std::string unsaid_; // for the next connection to a server
  int near_ = -1;      // the caller's connection as the edge has it
  bool cut_ = false;
  bool roomy_;
  bool draining_ = false;
  bool drained_ = false;
  std::function<void(bool)> around_ = [](bool) {};

  bool expire();
  bool complete();
};

} // namespace ledgergate::fuzz
