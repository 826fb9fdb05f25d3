#include "worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ledgergate {
namespace {
constexpr std::size_t kSpareExchanges = 64;
constexpr int kBacklog = 1024;
} // namespace

// A listening handle. `listener` follows the current snapshot.
struct Worker::Door {
  uv_tcp_t handle{};
  Worker* worker = nullptr;
  std::string key;
  std::size_t listener = 0;
};

std::string door_key(const settings::Listener& listener) {
  // Port 0 asks the kernel for a new port each time: then the name is what stays.
  return listener.address.port != 0 ? listener.address.text() : listener.address.text() + " " + listener.name;
}

Worker::Worker(observe::LogRing& log) : log_(log), resolver_(std::make_unique<upstream::Resolver>(loop_)) {}
Worker::~Worker() = default;

// --- main thread --------------------------------------------------------------------------------------------------------------

void Worker::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::apply(std::shared_ptr<const Snapshot> snapshot, std::vector<DoorOrder> doors) {
  loop_.post([this, snapshot = std::move(snapshot), doors = std::move(doors)] { take_over(snapshot, doors); });
}

void Worker::drain(std::function<void()> done) {
  loop_.post([this, done = std::move(done)] {
    draining_ = true;
    drained_ = done;
    while (!doors_.empty()) close_door(doors_.back());
    for (OpenConnection* each = open_; each != nullptr;) {
      OpenConnection* next = each->next; // a story that ends removes only itself
      each->wake->raise(io::kDrain);
      each = next;
    }
    finish_if_drained();
  });
}

void Worker::halt() {
  loop_.post([this] {
    for (OpenConnection* each = open_; each != nullptr;) {
      OpenConnection* next = each->next;
      each->wake->halt();
      each = next;
    }
  });
}

void Worker::beat() {
  loop_.post([this] { beats_.fetch_add(1, std::memory_order_relaxed); });
}

// --- settings -----------------------------------------------------------------------------------------------------------------

void Worker::take_over(std::shared_ptr<const Snapshot> snapshot, const std::vector<DoorOrder>& doors) {
  auto next = std::make_shared<Generation>();
  const auto& servers = snapshot->settings->servers;
  for (std::size_t i = 0; i < servers.size(); ++i)
    next->pools.push_back(std::make_shared<upstream::Pool>(loop_, servers[i], snapshot->servers[i]));
  next->snapshot = std::move(snapshot);
  current_ = std::move(next);
  if (draining_) {
    for (const DoorOrder& order : doors)
      if (order.descriptor >= 0) ::close(order.descriptor);
    return;
  }
  const std::vector<Door*> before = doors_;
  for (Door* door : before) {
    const auto wanted = std::find_if(doors.begin(), doors.end(), [&](const DoorOrder& order) { return order.key == door->key; });
    if (wanted == doors.end())
      close_door(door);
    else
      door->listener = wanted->listener;
  }
  for (const DoorOrder& order : doors)
    if (order.descriptor >= 0) open_door(order);
}

bool Worker::refresh(std::shared_ptr<const Generation>& generation, std::size_t& listener) const {
  if (generation == current_) return true;
  const std::string key = door_key(generation->settings().listeners[listener]);
  const auto& listeners = current_->settings().listeners;
  const auto same =
      std::find_if(listeners.begin(), listeners.end(), [&](const settings::Listener& each) { return door_key(each) == key; });
  // A listener that is gone, or that changed between plain and TLS, ends its connections.
  if (same == listeners.end() || (same->kind == settings::ListenerKind::https) != (generation->front(listener) != nullptr))
    return false;
  generation = current_;
  listener = static_cast<std::size_t>(same - listeners.begin());
  return true;
}

// --- doors --------------------------------------------------------------------------------------------------------------------

void Worker::open_door(const DoorOrder& order) {
  auto* door = new Door;
  door->worker = this;
  door->key = order.key;
  door->listener = order.listener;
  uv_tcp_init(loop_.uv(), &door->handle);
  door->handle.data = door;
  doors_.push_back(door);
  const auto accepted = [](uv_stream_t* handle, int status) {
    if (status != 0) return;
    auto* self = static_cast<Door*>(handle->data);
    self->worker->welcome(*self, io::Stream::accept(self->worker->loop_, handle));
  };
  if (uv_tcp_open(&door->handle, order.descriptor) != 0)
    ::close(order.descriptor);
  else if (uv_listen(reinterpret_cast<uv_stream_t*>(&door->handle), kBacklog, accepted) == 0)
    return;
  observe::event(settings::LogLevel::error, "a listener can't be served by the loop: " + order.key);
}

// What the kernel has already accepted for us would be reset by the close: it is taken in first.
void Worker::close_door(Door* door) {
  std::erase(doors_, door);
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&door->handle), &descriptor) == 0) {
    for (;;) {
      const int waiting = ::accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (waiting < 0) break;
      welcome(*door, io::Stream::adopt(loop_, waiting));
    }
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&door->handle), [](uv_handle_t* handle) { delete static_cast<Door*>(handle->data); });
}

void Worker::welcome(Door& door, io::Stream::Ptr client) {
  if (!client || !current_) return;
  // Before the handshake: beyond the listener's bound a connection costs us nothing but its accept.
  std::atomic<std::uint32_t>& open = *current_->snapshot->listeners[door.listener].connections;
  if (open.fetch_add(1, std::memory_order_relaxed) >= current_->settings().listeners[door.listener].max_connections) {
    open.fetch_sub(1, std::memory_order_relaxed);
    client->reset();
    return;
  }
  serve_connection(*this, current_, door.listener, std::move(client));
}

// --- connections --------------------------------------------------------------------------------------------------------------

void Worker::opened(OpenConnection& connection) noexcept {
  connection.next = open_;
  connection.previous = nullptr;
  if (open_ != nullptr) open_->previous = &connection;
  open_ = &connection;
  ++open_count_;
}

void Worker::closed(OpenConnection& connection) noexcept {
  if (connection.previous != nullptr)
    connection.previous->next = connection.next;
  else
    open_ = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  --open_count_;
  finish_if_drained();
}

void Worker::finish_if_drained() {
  if (!draining_ || open_count_ != 0 || !drained_) return;
  // Not from inside the story that is ending just now.
  loop_.post([this, done = std::exchange(drained_, nullptr)] {
    current_.reset();
    resolver_.reset();
    loop_.stop();
    done();
  });
}

Worker::Lease Worker::lease() {
  if (spare_.empty()) return Lease(new Exchange, GiveBack{this});
  Lease lease(spare_.back().release(), GiveBack{this});
  spare_.pop_back();
  return lease;
}

void Worker::give_back(Exchange* exchange) noexcept {
  std::unique_ptr<Exchange> owned(exchange);
  if (spare_.capacity() == 0) spare_.reserve(kSpareExchanges);
  if (spare_.size() < kSpareExchanges) spare_.push_back(std::move(owned));
}

// --- log ----------------------------------------------------------------------------------------------------------------------

void Worker::log(const observe::AccessRecord& record) {
  const settings::Log& log = current_->settings().log;
  if (log.access == "off") return;
  line_.clear();
  observe::append_line(record, log.format, log.mask_query, line_);
  log_.push(line_);
}

void Worker::log_handshake_failure(const Endpoint& peer, const settings::Listener& listener, const Error& error) {
  std::string text = "TLS handshake failed: client=" + peer.ip.text() + " listener=" + listener.name +
                     " cause=" + std::string(describe(error.cause).name) + ": ";
  text += error.detail;
  observe::event(settings::LogLevel::info, text);
}

} // namespace ledgergate
