// One thread with its own loop: listeners, connections, pools; and the services that requests use there. Nothing here is shared but
// the snapshot; other threads reach it through the loop's post() only.
#pragma once

#include "io/loop.h"
#include "serve/connection_services.h"
#include "serve/door.h"
#include "serve/rendezvous.h"
#include "serve/watch_health.h"
#include "upstream/relief.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ledgergate {

// A listening socket for a worker, by the listener's place in the snapshot it came with.
struct DoorOrder {
  std::size_t listener = 0;
  std::string key;            // see door_key()
  std::unique_ptr<Door> made; // a new one; null: the open door of this key goes on
};

class Worker final : public ConnectionServices {
public:
  // `number`: from 0. `shared` must outlive the worker.
  Worker(Shared& shared, std::size_t number);
  ~Worker() override; // join() was called
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- main thread ---------------------------------------------------------------------------------------------------------
  void start();
  void join();
  // join() won't wait. (A file that is closed elsewhere, on a disk that hangs, can't be taken back, and the loop does not end
  // before it.)
  [[nodiscard]] bool ended() const noexcept { return !thread_.joinable() || ended_.load(std::memory_order_acquire); }
  // All that it takes to go over to new settings, made beforehand, so that going over can't fail: all workers do it, or, when
  // there is no memory for what one of them needs, none.
  class Takeover;
  // A new snapshot, and the doors it wants: those not named will be closed (what waits in them is accepted first). Nothing has
  // changed yet. Throws std::bad_alloc.
  // `done`, when there is one, hears of it when this worker has gone over, and its old doors are closed.
  [[nodiscard]] std::shared_ptr<Takeover> prepare(std::shared_ptr<const Snapshot> snapshot, std::vector<DoorOrder> doors,
                                                  Rendezvous* done = nullptr);
  // Each once, in the order in which they were prepared.
  void apply(const std::shared_ptr<Takeover>& takeover) noexcept;
  // It has drained and takes no more messages. Its thread may still wait for a file to be closed.
  [[nodiscard]] bool over() const noexcept { return over_.load(std::memory_order_acquire); }
  // Once. Stops accepting, ends idle connections, lets requests finish; `done` is called on this worker's thread when none is left.
  void drain(std::function<void()> done) noexcept;
  // Ends what is left.
  void halt() noexcept;
  // Beyond limits.memory: reports to `shared.shedding` what each caller's connection holds; then ends those that were chosen (their
  // numbers, sorted), and gives back what is kept for reuse. Throw std::bad_alloc.
  void count_holders(std::uint64_t round);
  void shed(std::shared_ptr<const std::vector<std::uint64_t>> chosen);
  // Any thread: how often the loop has come round; a loop that hangs does not.
  [[nodiscard]] std::uint64_t beats() const noexcept { return beats_.load(std::memory_order_relaxed); }
  void beat() noexcept;

private:
  // What the main thread, and a story that ends, want of this worker's thread: made beforehand, since an end must not need memory.
  struct Order final : io::Errand {
    Order(Worker& its_worker, void (Worker::*its_act)() noexcept) : worker(its_worker), act(its_act) {}
    void arrive() noexcept override { (worker.*act)(); }
    Worker& worker;
    void (Worker::*act)() noexcept;
  };
  [[nodiscard]] std::shared_ptr<Order> order(void (Worker::*act)() noexcept) { return std::make_shared<Order>(*this, act); }

  upstream::Relief relief_;
  HealthWatch health_; // of worker 0 only
  std::unique_ptr<Doors> doors_;
  std::function<void()> drained_; // set before the order to drain is given
  const std::shared_ptr<Order> to_beat_, to_drain_, to_halt_, to_end_;
  std::atomic<std::uint64_t> beats_{0};
  std::atomic<bool> ended_{false};
  std::atomic<bool> over_{false};
  io::TimeMs shortage_told_ = 0;
  std::thread thread_;

  void take_over(Takeover& takeover) noexcept;
  void begin_drain() noexcept;
  void halt_all() noexcept;
  void count_beat() noexcept;
  void end() noexcept;
  void welcome(const Door& door, int descriptor, const Endpoint& peer) noexcept;
  void report_holders(std::uint64_t round);
  void end_holders(const std::vector<std::uint64_t>& chosen);
  void has_closed() noexcept override { finish_if_drained(); }
  void finish_if_drained() noexcept;
  Doors::Room make_room_at_the_door(bool again);
  // Ends the connection of a stranger that a caller who just came needs more: whoever idles longest, else who has been on the way
  // to a request for longest, else who has been in one. Nobody whom a client is known to be behind, and none of the newest
  // kNewcomers, as each till is a stranger first. `listener`: of its connections alone (Slot's); null: of any. False: there is
  // none.
  [[nodiscard]] bool end_a_stranger(const void* listener) noexcept;
  void tell_of_shortage();
};

} // namespace ledgergate
