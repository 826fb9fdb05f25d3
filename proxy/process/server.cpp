#include "process/server.h"

#include "base/prepare_thread.h"
#include "base/time_zone.h"
#include "observe/log_ring.h"
#include "process/handover.h"
#include "process/make_room.h"
#include "process/notify.h"
#include "process/problems.h"
#include "process/revocation_lists.h"

#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace ledgergate {
namespace {

using observe::event;
using settings::LogLevel;

constexpr std::uint64_t kTickMs = 60'000; // ticket keys; also the watchdog's when it is slower
constexpr std::uint64_t kLookAtMemoryMs = 100;
constexpr std::uint64_t kLookAtListsMs = 1'000; // a revoked certificate is good for a second at most
constexpr std::uint64_t kLookAtTimeZoneMs = 1'000;
constexpr std::uint64_t kLastResortMs =
    std::chrono::milliseconds(kLastResort).count(); // halted stories end at once; whatever does not (a slow disk) is left behind

class Server {
public:
  explicit Server(const Loader& load) : load_(load) {}
  int run();

private:
  // What comes round again is left out this time when there is no memory for it. libuv's callbacks must not throw.
  template <void (Server::*Method)(), class Handle>
  static void in_turn(Handle* handle) noexcept {
    try {
      (static_cast<Server*>(handle->data)->*Method)();
    } catch (const std::bad_alloc&) {
      event(LogLevel::error, "out of memory");
    }
  }

  const Loader& load_;
  listen::TicketKeys keys_; // outlives every context
  Shared shared_;
  upstream::TurnTable turns_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::unique_ptr<Worker>> workers_;
  DoorKeeper doors_;
  std::vector<std::uint64_t> last_beats_;
  uv_loop_t loop_{};
  uv_timer_t timer_{}, drain_timer_{}, crl_timer_{}, memory_timer_{}, zone_timer_{};
  uv_async_t holders_counted_{};
  RoomMaker room_{shared_, workers_};
  uv_async_t gone_over_{};
  Rendezvous everywhere_{[this] { uv_async_send(&gone_over_); }};
  InForce in_force_{shared_, turns_, doors_, room_, workers_, everywhere_};
  // What the workers are going over to; they do one thing after the other.
  enum class Going : std::uint8_t { nowhere, first_settings, new_settings, new_lists } going_ = Going::nowhere;
  bool reload_next_ = false;               // asked for meanwhile
  std::string crl_state_;                  // of the revocation lists' files, from just before the snapshot read them
  std::optional<std::string> crl_refused_; // of those that can't be used
  listen::ListMarks newest_lists_;         // of all that were ever in use, for as long as this runs: no older one may come back
  uv_async_t drained_{};
  std::array<uv_signal_t, 4> signals_{};
  std::atomic<std::size_t> still_draining_{0};
  bool draining_ = false;

  bool start();
  void watch_signals();
  void tick();
  void watch_revocations();
  void watch_memory();
  void watch_time_zone();
  void make_room();
  void renew_if_revoked();
  void gone_over();
  void reload();
  [[nodiscard]] bool reload_settings();
  void reopen_log();
  void drain();
  [[noreturn]] void leave_behind();
  void stop();
};

bool Server::start() {
  const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  const std::uint32_t count = snapshot_->settings->workers != 0 ? snapshot_->settings->workers : cores;
  for (std::uint32_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(shared_, i));
  last_beats_.assign(count, std::numeric_limits<std::uint64_t>::max()); // none was asked for yet
  doors_.take_over();

  DoorOrders orders;
  std::string error;
  if (!doors_.open(*snapshot_, workers_.size(), orders, error)) {
    event(LogLevel::error, error);
    return false;
  }
  Handover first(in_force_, nullptr, snapshot_, std::move(orders));
  shared_.log.start();
  const DescriptorShares shares = shares_of_descriptors();
  shared_.capacity.most = shares.callers;
  for (auto& worker : workers_) {
    if (!worker->loop().prepare(most_descriptors())) {
      event(LogLevel::error, "no memory or no descriptors for the workers");
      return false;
    }
    worker->loop().set_descriptors(shares.bounds);
    worker->handshakes().workers = worker->trials().workers = workers_.size();
  }
  first.commit();
  going_ = Going::first_settings;
  for (auto& worker : workers_) worker->start();
  return true;
}

void Server::watch_signals() {
  static constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    uv_signal_init(&loop_, &signals_[i]);
    signals_[i].data = this;
    uv_signal_start(
        &signals_[i],
        [](uv_signal_t* handle, int number) {
          auto* self = static_cast<Server*>(handle->data);
          if (number == SIGHUP)
            self->reload();
          else if (number == SIGUSR1)
            self->reopen_log();
          else
            self->drain();
        },
        kSignals[i]);
  }
}

// A worker whose loop has not come round since the last tick hangs: systemd is not told that all is well, and restarts us.
void Server::tick() {
  keys_.rotate_if_due(std::chrono::steady_clock::now());
  bool all_well = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const std::uint64_t beats = workers_[i]->beats();
    all_well = all_well && beats != last_beats_[i];
    last_beats_[i] = beats;
    workers_[i]->beat();
  }
  if (all_well) notify::watchdog();
}

// A changed revocation list counts from then on, without a reload of anything else: a half-edited settings file, or a chain whose
// key is still on its way, must not keep a stolen certificate alive.
void Server::renew_if_revoked() {
  if (draining_ || going_ != Going::nowhere) return;
  std::string now = state_of_revocation_lists(*snapshot_->settings);
  if (now == crl_state_) return;
  SnapshotProblems problems;
  auto next = renew_lists(*snapshot_, keys_, problems, newest_lists_);
  // One that can't be used is tried again each second, since memory may have been out; and told once.
  const bool told = now == crl_refused_;
  if (!told)
    for (const auto& text : problems.errors) event(LogLevel::error, text);
  if (!told && !problems.errors.empty()) event(LogLevel::error, "a changed revocation list can't be used; the one before stays");
  if (next) {
    DoorOrders orders;
    std::string error;
    if (!doors_.open(*next, workers_.size(), orders, error)) return event(LogLevel::error, error);
    listen::ListMarks newest = newest_lists(*next, newest_lists_);
    Handover made(in_force_, snapshot_.get(), std::move(next), std::move(orders));
    // From here on nothing can fail.
    for (const auto& text : problems.warnings) event(LogLevel::warning, text); // a list out of date, a CA that is revoked
    snapshot_ = made.commit();
    newest_lists_.swap(newest);
    going_ = Going::new_lists;
  }
  if (!problems.errors.empty()) return static_cast<void>(crl_refused_.emplace(std::move(now)));
  crl_state_.swap(now);
  crl_refused_.reset();
}

void Server::watch_revocations() {
  if (!has_revocation_lists(*snapshot_->settings)) {
    uv_timer_stop(&crl_timer_);
    return;
  }
  uv_timer_start(&crl_timer_, in_turn<&Server::renew_if_revoked>, kLookAtListsMs, kLookAtListsMs);
}

// `hours` are local times.
void Server::watch_time_zone() { look_at_time_zone(); }

void Server::watch_memory() { room_.look(uv_now(&loop_)); }

void Server::make_room() { room_.round_complete(); }

// All workers have: what is said from here on is true of each. A listener that is gone has no socket any more, so the next reload
// can open its port again.
void Server::gone_over() {
  const Going where = std::exchange(going_, Going::nowhere);
  try {
    event(LogLevel::info, where == Going::first_settings ? "ready"
                          : where == Going::new_settings ? "reloaded"
                                                         : "a changed revocation list is in use");
  } catch (const std::bad_alloc&) {
    // It is so without the line, too.
  }
  if (where != Going::new_lists && !draining_) notify::ready();
  if (std::exchange(reload_next_, false)) reload();
}

void Server::reload() {
  if (draining_) return;
  if (going_ != Going::nowhere) {
    reload_next_ = true;
    return;
  }
  bool begun = false;
  try {
    notify::reloading();
    begun = reload_settings();
  } catch (const std::bad_alloc&) {
    event(LogLevel::error, "reload refused: out of memory; the settings in use stay as they are");
  }
  if (!begun) notify::ready();
}

// False: nothing has changed.
bool Server::reload_settings() {
  const auto loaded = load_();
  for (const auto& problem : loaded.problems) event(problem.warning ? LogLevel::warning : LogLevel::error, problem.format());
  SnapshotProblems problems;
  std::shared_ptr<const Snapshot> next;
  std::string lists = loaded.settings ? state_of_revocation_lists(*loaded.settings) : std::string();
  if (loaded.settings) next = make_snapshot(loaded.settings, keys_, turns_, snapshot_.get(), problems, newest_lists_);
  for (const auto& text : problems.warnings) event(LogLevel::warning, text);
  for (const auto& text : problems.errors) event(LogLevel::error, text);
  DoorOrders orders;
  std::string error;
  if (next && !doors_.open(*next, workers_.size(), orders, error)) {
    event(LogLevel::error, error);
    next = nullptr;
  }
  if (!next) {
    event(LogLevel::error, "reload refused: the settings in use stay as they are");
    return false;
  }
  listen::ListMarks newest = newest_lists(*next, newest_lists_);
  Handover made(in_force_, snapshot_.get(), next, std::move(orders));
  // Its doors are open already; the log's old target goes on.
  if (!shared_.log.open(next->settings->log, error)) event(LogLevel::error, error + "; the access log stays where it was");
  // From here on nothing can fail.
  snapshot_ = made.commit();
  newest_lists_.swap(newest);
  going_ = Going::new_settings;
  crl_state_.swap(lists);
  watch_revocations();
  return true;
}

// For logrotate: a half-edited settings file, which a reload refuses, must not keep the lines going to a file that is thrown away.
void Server::reopen_log() {
  try {
    std::string error;
    if (shared_.log.open(snapshot_->settings->log, error)) // nothing to do for stdout and stderr
      event(LogLevel::info, "access log opened again");
    else
      event(LogLevel::error, error + "; the access log stays where it was");
  } catch (const std::bad_alloc&) {
    event(LogLevel::error, "access log not opened again: out of memory");
  }
}

void Server::drain() {
  if (draining_) {
    event(LogLevel::warning, "second signal: ending what is left");
    for (auto& worker : workers_) worker->halt();
    return;
  }
  draining_ = true;
  notify::stopping();
  event(LogLevel::info, "draining");
  still_draining_ = workers_.size();
  for (auto& worker : workers_)
    worker->drain([this] {
      if (still_draining_.fetch_sub(1) == 1) uv_async_send(&drained_);
    });
  uv_timer_start(
      &drain_timer_,
      [](uv_timer_t* handle) {
        auto* self = static_cast<Server*>(handle->data);
        event(LogLevel::warning, "drain time is over: ending what is left");
        for (auto& worker : self->workers_) worker->halt();
        uv_timer_start(
            handle, [](uv_timer_t* last) { static_cast<Server*>(last->data)->leave_behind(); }, kLastResortMs, 0);
      },
      static_cast<std::uint64_t>(snapshot_->settings->timeouts.drain.count()), 0);
}

void Server::leave_behind() {
  event(LogLevel::error, "something does not end; leaving it behind");
  shared_.log.stop();
  _exit(kExitFine);
}

void Server::stop() {
  // A thread can't be joined for a while only. Nobody is served any more: this may sleep.
  const auto all_ended = [&] {
    return std::all_of(workers_.begin(), workers_.end(), [](const auto& each) { return each->ended(); });
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLastResortMs);
  while (!all_ended()) {
    if (std::chrono::steady_clock::now() >= end) leave_behind();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& worker : workers_) worker->join();
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
      },
      nullptr);
}

int Server::run() {
  prepare_thread();
  look_at_time_zone();
  observe::set_event_sink(&shared_.log);
  const auto loaded = load_();
  print(loaded);
  if (!loaded.settings) return kExitSettings;
  SnapshotProblems problems;
  crl_state_ = state_of_revocation_lists(*loaded.settings);
  snapshot_ = make_snapshot(loaded.settings, keys_, turns_, nullptr, problems);
  print(problems);
  if (!snapshot_) return kExitSettings;
  newest_lists_ = newest_lists(*snapshot_, {});
  std::string error;
  if (!shared_.log.open(snapshot_->settings->log, error)) {
    std::fprintf(stderr, "error: %s\n", error.c_str());
    return kExitRuntime;
  }
  set_descriptor_limit();

  uv_loop_init(&loop_);
  uv_timer_init(&loop_, &timer_);
  uv_timer_init(&loop_, &drain_timer_);
  uv_timer_init(&loop_, &crl_timer_);
  uv_timer_init(&loop_, &memory_timer_);
  uv_timer_init(&loop_, &zone_timer_);
  timer_.data = drain_timer_.data = crl_timer_.data = memory_timer_.data = zone_timer_.data = drained_.data =
      holders_counted_.data = gone_over_.data = this;
  uv_async_init(&loop_, &gone_over_, in_turn<&Server::gone_over>);
  uv_async_init(&loop_, &holders_counted_, in_turn<&Server::make_room>);
  shared_.shedding.when_complete([this] { uv_async_send(&holders_counted_); });
  uv_async_init(&loop_, &drained_, [](uv_async_t* handle) { static_cast<Server*>(handle->data)->stop(); });
  const bool started = start();
  if (started) {
    watch_signals();
    watch_revocations();
    uv_timer_start(&zone_timer_, in_turn<&Server::watch_time_zone>, kLookAtTimeZoneMs, kLookAtTimeZoneMs);
    uv_timer_start(&memory_timer_, in_turn<&Server::watch_memory>, kLookAtMemoryMs, kLookAtMemoryMs);
    const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(notify::watchdog_interval());
    const std::uint64_t tick_ms = interval.count() > 0 ? std::min(kTickMs, static_cast<std::uint64_t>(interval.count())) : kTickMs;
    uv_timer_start(&timer_, in_turn<&Server::tick>, tick_ms, tick_ms);
  } else {
    stop();
  }
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
  shared_.passwords.stop();
  workers_.clear();
  if (started) event(LogLevel::info, "stopped");
  shared_.log.stop();
  return started ? kExitFine : kExitRuntime;
}

} // namespace

int run(const Loader& load) {
  Server server(load);
  const int code = server.run();
  observe::set_event_sink(nullptr);
  return code;
}

} // namespace ledgergate
