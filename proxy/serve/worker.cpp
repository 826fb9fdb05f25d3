#include "serve/worker.h"

#include "observe/log_ring.h"
#include "serve/connection.h"

#include "base/prepare_thread.h"
#include "request/own_connection.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace ledgergate {
namespace {
constexpr io::TimeMs kBetweenComplaintsMs = 10'000;
} // namespace

Worker::Worker(Shared& shared, std::size_t number)
    : ConnectionServices(shared, number), relief_(loop_, shared.reliefs),
      doors_(std::make_unique<Doors>(
          loop_, [this](const Door& door, int descriptor, const Endpoint& peer) { welcome(door, descriptor, peer); },
          [this](bool again) { return make_room_at_the_door(again); })),
      to_beat_(order(&Worker::count_beat)), to_drain_(order(&Worker::begin_drain)), to_halt_(order(&Worker::halt_all)),
      to_end_(order(&Worker::end)) {}

// The pools that the settings in use have here speak of the loop's relief, which goes before them.
Worker::~Worker() { current_.reset(); }

// --- main thread --------------------------------------------------------------------------------------------------------------

void Worker::start() {
  // Nobody is told that the edge is ready before this one is: what a thread has for itself can't be made when memory is out.
  const auto prepared = std::make_shared<std::promise<void>>();
  auto ready = prepared->get_future();
  thread_ = std::thread([this, prepared] {
    prepare_thread();
    prepared->set_value();
    loop_.run();
    ended_.store(true, std::memory_order_release);
  });
  ready.wait();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::drain(std::function<void()> done) noexcept {
  drained_ = std::move(done);
  loop_.send(to_drain_);
}

void Worker::begin_drain() noexcept {
  draining_ = true;
  doors_->close_all();
  health_.end();
  for (OpenConnection* each = open_; each != nullptr;) {
    OpenConnection* next = each->next; // a story that ends removes only itself
    each->wake->raise(io::kDrain);
    each = next;
  }
  finish_if_drained();
}

void Worker::halt() noexcept { loop_.send(to_halt_); }

void Worker::halt_all() noexcept {
  halted_ = true;
  for (OpenConnection* each = open_; each != nullptr;) {
    OpenConnection* next = each->next;
    each->wake->halt();
    each = next;
  }
}

void Worker::count_holders(std::uint64_t round) {
  loop_.post([this, round] { report_holders(round); });
}

void Worker::shed(std::shared_ptr<const std::vector<std::uint64_t>> chosen) {
  loop_.post([this, chosen = std::move(chosen)] { end_holders(*chosen); });
}

void Worker::beat() noexcept { loop_.send(to_beat_); }

void Worker::count_beat() noexcept { beats_.fetch_add(1, std::memory_order_relaxed); }

// --- memory -------------------------------------------------------------------------------------------------------------------

void Worker::report_holders(std::uint64_t round) {
  std::vector<Holder> holders;
  for (const OpenConnection* each = open_; each != nullptr; each = each->next)
    if (each->held != nullptr && each->shed.empty()) holders.push_back({each->number, each->held->bytes(), each->client});
  shared_.shedding.report(round, holders);
}

void Worker::end_holders(const std::vector<std::uint64_t>& chosen) {
  for (OpenConnection* each = open_; each != nullptr;) {
    OpenConnection* next = each->next; // a story that ends removes only itself
    if (each->held != nullptr && std::binary_search(chosen.begin(), chosen.end(), each->number)) {
      each->shed = "beyond limits.memory: who holds most goes first";
      each->wake->halt();
    }
    each = next;
  }
  drop_spare();
  compressors_.drop_spare();
  loop_.buffers().drop_spare();
}

// --- settings -----------------------------------------------------------------------------------------------------------------

class Worker::Takeover final : public io::Errand {
public:
  Takeover(Worker& worker, std::vector<DoorOrder> orders, Rendezvous* done)
      : worker_(worker), orders_(std::move(orders)), done_(done) {
    room_.reserve(orders_.size());
  }
  void arrive() noexcept override {
    worker_.take_over(*this);
    if (done_ != nullptr) done_->arrive();
  }

private:
  friend class Worker;
  Worker& worker_;
  std::shared_ptr<Generation> next_ = std::make_shared<Generation>();
  std::vector<DoorOrder> orders_;
  std::vector<Door*> room_; // for all doors that will be open
  Rendezvous* done_;
};

std::shared_ptr<Worker::Takeover> Worker::prepare(std::shared_ptr<const Snapshot> snapshot, std::vector<DoorOrder> doors,
                                                  Rendezvous* done) {
  auto takeover = std::make_shared<Takeover>(*this, std::move(doors), done);
  Generation& next = *takeover->next_;
  const settings::Settings& settings = *snapshot->settings;
  for (std::size_t i = 0; i < settings.servers.size(); ++i)
    next.pools.push_back(std::make_shared<upstream::Pool>(loop_, settings.servers[i], snapshot->servers[i], &relief_));
  for (const auto& route : settings.routes) next.tallies.push_back(shared_.tallies.of(route.name));
  next.tallies.push_back(shared_.tallies.of("-"));
  for (const auto& route : settings.routes) next.route_meters.push_back(shared_.meters.of("route " + route.name));
  for (const auto& client : settings.clients) next.client_meters.push_back(shared_.meters.of("client " + client.name));
  next.snapshot = std::move(snapshot);
  return takeover;
}

void Worker::apply(const std::shared_ptr<Takeover>& takeover) noexcept { loop_.send(takeover); }

void Worker::take_over(Takeover& takeover) noexcept {
  std::vector<DoorOrder>& orders = takeover.orders_;
  const auto order_for = [&](const Door& door) {
    return std::find_if(orders.begin(), orders.end(), [&](const DoorOrder& order) { return order.key == door.key; });
  };
  // First, while current_ is still what the doors' indexes speak of: those that wait at a door that closes are let in under it.
  const auto is_closed_now = [&](const Door* door) { return order_for(*door) == orders.end(); };
  const auto& doors = doors_->all();
  for (;;) {
    const auto door = std::find_if(doors.begin(), doors.end(), is_closed_now);
    if (door == doors.end()) break;
    doors_->close(**door);
  }
  doors_->take_room(takeover.room_);

  if (current_)
    for (const auto& pool : current_->pools) pool->retire();
  current_ = std::move(takeover.next_);
  if (number_ == 0 && !draining_) health_.begin(*this, current_);
  for (Door* door : doors_->all()) door->listener = order_for(*door)->listener;
  // Connections that wait for a request look at the new settings: their certificate may be revoked.
  for (OpenConnection* each = open_; each != nullptr;) {
    OpenConnection* following = each->next;
    if (each->own != nullptr) close_own_that_may_not_idle(*each->own, *current_);
    each->wake->raise(io::kDrain);
    each = following;
  }
  for (DoorOrder& order : orders)
    if (order.made != nullptr && !draining_ && !doors_->open(std::move(order.made)))
      observe::event(settings::LogLevel::error, "a listener can't be watched by the loop yet, and is tried again: out of memory?");
}

// --- connections --------------------------------------------------------------------------------------------------------------

// Nobody waits at a door for other workers: what they give back is there the next time it is looked at.
Doors::Room Worker::make_room_at_the_door(bool again) {
  if (relief_.close_idle()) return Doors::Room::made;
  if (!again) {
    relief_.ask_others();
    tell_of_shortage();
  }
  if (relief_.asking()) return Doors::Room::soon;
  return end_a_stranger(nullptr) ? Doors::Room::made : Doors::Room::none;
}

bool Worker::end_a_stranger(const void* listener) noexcept {
  using Phase = OpenConnection::Phase;
  OpenConnection *idle = nullptr, *arriving = nullptr, *asking = nullptr;
  std::size_t strangers = 0;
  for (OpenConnection* each = open_; each != nullptr; each = each->next) { // the newest first
    if (each->held == nullptr || each->client != 0 || each->spared || !each->shed.empty()) continue;
    if (listener != nullptr && each->listener != listener) continue;
    ++strangers;
    if (each->phase == Phase::idle) {
      if (idle == nullptr || each->idled < idle->idled) idle = each;
    } else if (strangers > kNewcomers) {
      (each->phase == Phase::arriving ? arriving : asking) = each;
    }
  }
  OpenConnection* const chosen = idle != nullptr ? idle : arriving != nullptr ? arriving : asking;
  if (chosen == nullptr) return false;
  chosen->shed = "its place is needed: strangers go first";
  shared_.shedding.ended_stranger();
  chosen->wake->halt();
  return true;
}

void Worker::tell_of_shortage() {
  if (shortage_told_ != 0 && loop_.now() < shortage_told_ + kBetweenComplaintsMs) return;
  shortage_told_ = loop_.now();
  observe::event(settings::LogLevel::warning, "out of file descriptors: callers wait or are turned away (LimitNOFILE, ulimit -n)");
}

// Before the handshake: beyond its bounds a connection costs us nothing but its accept.
void Worker::welcome(const Door& door, int descriptor, const Endpoint& peer) noexcept {
  const settings::Listener& listener = current_->settings().listeners[door.listener];
  const auto& connections = current_->snapshot->listeners[door.listener].connections;
  io::Stream::Ptr client = io::Stream::adopt(loop_, descriptor);
  std::optional<Slot> slot(std::in_place, connections, listener.max_connections, shared_.capacity);
  if (slot->process_full()) tell_of_shortage();
  // Who comes may be anybody's till, and can't say so yet.
  if (!slot->taken() && end_a_stranger(slot->process_full() ? nullptr : connections.get()))
    slot.emplace(connections, listener.max_connections, shared_.capacity);
  if (!client || !slot->taken()) return;
  try {
    serve_connection(*this, current_, door.listener, std::move(client), peer, std::move(*slot));
  } catch (const std::bad_alloc&) {
    // No memory to begin with: its stream and slot are given back, the caller sees a closed connection.
  }
}

void Worker::finish_if_drained() noexcept {
  // Not from inside the story that is ending just now.
  if (draining_ && open_count_ == 0 && drained_) loop_.send(to_end_);
}

void Worker::end() noexcept {
  const auto done = std::exchange(drained_, nullptr);
  if (!done) return; // it was sent for twice
  doors_.reset();
  current_.reset();
  resolver_.reset();
  over_.store(true, std::memory_order_release);
  loop_.stop();
  done();
}

} // namespace ledgergate
