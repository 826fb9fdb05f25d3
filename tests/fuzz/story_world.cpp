#include "story_world.h"

#include "require.h"
#include "serve/caller.h"
#include "serve/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <numeric>
#include <utility>

namespace ledgergate::fuzz {
namespace {

World* world = nullptr;

constexpr int kMostRounds = 20'000;
constexpr int kQuietRounds = 3;
constexpr std::size_t kBlock = 16 * 1024;

// With small buffers what is sent is often taken in parts.
std::pair<int, int> connection(bool roomy) {
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0, "there are descriptors");
  const int small = 1;
  for (const int end : ends)
    if (!roomy) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  return {ends[0], ends[1]};
}

int descriptor_of(const uv_tcp_t* handle) {
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(handle), &descriptor);
  return descriptor;
}

} // namespace

// --- the far end --------------------------------------------------------------------------------------------------------------

void FarEnd::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

bool FarEnd::turn() {
  if (descriptor_ < 0) return false;
  bool moved = false;
  if (tls_) seal();
  if (!waiting_.empty()) {
    const ssize_t sent = ::send(descriptor_, waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
    if (sent > 0 && !tls_) said_.append(waiting_, 0, static_cast<std::size_t>(sent));
    const bool gone = sent < 0 && errno != EAGAIN;
    waiting_.erase(0, gone ? waiting_.size() : static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    moved = sent > 0 || gone;
  }
  if (ending_ && !ended_ && waiting_.empty()) {
    ::shutdown(descriptor_, SHUT_WR);
    ended_ = moved = true;
  }
  std::array<char, kBlock> block{};
  while (!finished_) {
    const ssize_t got = ::recv(descriptor_, block.data(), block.size(), 0);
    if (got < 0 && errno == EAGAIN) break;
    moved = true;
    if (got <= 0)
      finished_ = true;
    else
      receive({block.data(), static_cast<std::size_t>(got)});
  }
  return moved;
}

// --- the world ----------------------------------------------------------------------------------------------------------------

World::World(std::shared_ptr<const settings::Settings> settings, bool roomy) : roomy_(roomy) {
  world = this;
  shared_.shedding.when_complete([] {});
  std::signal(SIGPIPE, SIG_IGN); // as the program does
  std::string why;
  require(shared_.log.open(settings->log, why), "the log can be opened");
  observe::set_event_sink(&shared_.log);
  shared_.spool.set_bounds({settings->spool.memory_total, settings->spool.total});
  SnapshotProblems problems;
  snapshot_ = make_snapshot(std::move(settings), keys_, turns_, nullptr, problems);
  for (const auto& each : problems.errors) std::fprintf(stderr, "%s\n", each.c_str());
  require(snapshot_ != nullptr, "the settings can be used");
  // Not the first one, which looks after the servers' health all the time.
  worker_ = std::make_unique<Worker>(shared_, 1);
  worker_->apply(worker_->prepare(snapshot_, {}));
  settle();
}

World::~World() {
  caller_.reset();
  worker_.reset();
  observe::set_event_sink(nullptr);
  world = nullptr;
}

void World::call(std::size_t listener, const Endpoint& peer, bool tls) {
  const auto [near, far] = connection(roomy_);
  near_ = near;
  caller_ = std::make_unique<FarEnd>(far, tls ? make_caller_tls() : SslPtr());
  auto generation = std::make_shared<Generation>();
  generation->snapshot = snapshot_;
  Slot slot(snapshot_->listeners[listener].connections, 1, shared_.capacity);
  require(slot.taken(), "there is room for a caller");
  serve_connection(*worker_, std::move(generation), listener, io::Stream::adopt(worker_->loop(), near), peer, std::move(slot));
}

void World::server_says(std::string_view bytes) {
  if (!servers_.empty() && servers_.back()->open())
    servers_.back()->say(bytes);
  else
    unsaid_ += bytes;
}

void World::server_ends() {
  for (const auto& server : servers_) server->end();
}

void World::server_leaves() {
  for (const auto& server : servers_) server->close();
}

bool World::complete() {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].hangs) continue;
    const Pending each = pending_[i];
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    const auto [near, far] = connection(roomy_);
    // In the place of the socket that would have been connected.
    require(::dup3(near, descriptor_of(each.handle), O_CLOEXEC) >= 0, "a connection takes a socket's place");
    ::close(near);
    servers_.push_back(std::make_unique<FarEnd>(far));
    servers_.back()->say(std::exchange(unsaid_, {}));
    around_(true);
    each.done(each.request, 0);
    around_(false);
    return true;
  }
  return false;
}

bool World::expire() {
  const auto due = std::find_if(timers_.begin(), timers_.end(), [&](const Timer& each) { return each.at <= now_; });
  if (due == timers_.end()) return false;
  const Timer timer = *due;
  timers_.erase(due);
  around_(true);
  timer.due(timer.timer);
  around_(false);
  return true;
}

void World::settle() {
  for (int rounds = 0, quiet = 0; quiet < kQuietRounds; ++rounds) {
    require(rounds < kMostRounds, "everything comes to rest");
    quiet = turn() ? 0 : quiet + 1;
  }
}

bool World::turn() {
  bool moved = complete();
  moved = expire() || moved;
  if (caller_) moved = caller_->turn() || moved;
  for (const auto& server : servers_) moved = server->turn() || moved;
  around_(true);
  uv_run(worker_->loop().uv(), UV_RUN_NOWAIT);
  around_(false);
  return moved;
}

void World::shed() {
  auto all = std::make_shared<std::vector<std::uint64_t>>(Connection::next_number());
  std::iota(all->begin(), all->end(), 1);
  worker_->shed(std::move(all));
}

void World::count_holders() {
  worker_->shed(std::make_shared<const std::vector<std::uint64_t>>()); // ends none: what is kept for reuse is given back
  worker_->count_holders(shared_.shedding.begin(1, 1));
}

std::uint64_t World::logged() const {
  std::uint64_t all = 0;
  for (const auto& tally : worker_->newest()->tallies)
    for (const auto& shard : tally->shards())
      for (const auto& count : shard.statuses) all += count.load();
  return all;
}

bool World::pass() {
  const auto next = std::min_element(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) { return a.at < b.at; });
  if (next == timers_.end()) return false;
  now_ = std::max(now_, next->at);
  settle();
  return true;
}

void World::drain() {
  if (std::exchange(draining_, true)) return;
  worker_->drain([this] { drained_ = true; });
}

void World::check_rest() {
  for (int i = 0; i < 10; ++i) uv_run(worker_->loop().uv(), UV_RUN_NOWAIT);
  require(uv_loop_alive(worker_->loop().uv()) == 0, "nothing is left open");
  require(timers_.empty() && pending_.empty(), "nothing is left to wait for");
  const auto held = shared_.spool.held();
  require(held.memory == 0 && held.files == 0, "nothing is left of any body");
  for (const auto& listener : snapshot_->listeners) require(listener.connections->load() == 0, "no connection is left counted");
}

// --- libuv's part -------------------------------------------------------------------------------------------------------------

int World::connect(uv_connect_t* request, uv_tcp_t* handle, uv_connect_cb done) {
  if (how_ == Connecting::refuses) return UV_ECONNREFUSED;
  pending_.push_back({request, handle, done, how_ == Connecting::hangs});
  return 0;
}

void World::start_timer(uv_timer_t* timer, uv_timer_cb due, std::uint64_t wait) {
  stop_timer(timer);
  timers_.push_back({timer, due, now_ + wait});
}

void World::stop_timer(const uv_timer_t* timer) {
  std::erase_if(timers_, [&](const Timer& each) { return each.timer == timer; });
}

void World::closing(const uv_handle_t* handle) {
  std::erase_if(timers_, [&](const Timer& each) { return reinterpret_cast<const uv_handle_t*>(each.timer) == handle; });
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& each) { return reinterpret_cast<const uv_handle_t*>(each.handle) == handle; });
  if (found == pending_.end()) return;
  const Pending each = *found;
  pending_.erase(found);
  each.done(each.request, UV_ECANCELED);
}

void World::resetting(const uv_tcp_t* handle) {
  if (descriptor_of(handle) == near_) cut_ = true;
}

namespace {
World* current() { return world; }
} // namespace

} // namespace ledgergate::fuzz

// The linker puts these in the place of libuv's (--wrap). They are libuv's own where no world is.
extern "C" {
std::uint64_t __real_uv_now(const uv_loop_t*);
std::uint64_t __real_uv_hrtime(void);
int __real_uv_timer_start(uv_timer_t*, uv_timer_cb, std::uint64_t, std::uint64_t);
int __real_uv_timer_stop(uv_timer_t*);
int __real_uv_tcp_connect(uv_connect_t*, uv_tcp_t*, const sockaddr*, uv_connect_cb);
int __real_uv_tcp_close_reset(uv_tcp_t*, uv_close_cb);
void __real_uv_close(uv_handle_t*, uv_close_cb);

std::uint64_t __wrap_uv_now(const uv_loop_t* loop);
std::uint64_t __wrap_uv_hrtime(void);
int __wrap_uv_timer_start(uv_timer_t* timer, uv_timer_cb due, std::uint64_t wait, std::uint64_t repeat);
int __wrap_uv_timer_stop(uv_timer_t* timer);
int __wrap_uv_tcp_connect(uv_connect_t* request, uv_tcp_t* handle, const sockaddr* to, uv_connect_cb done);
int __wrap_uv_tcp_close_reset(uv_tcp_t* handle, uv_close_cb done);
void __wrap_uv_close(uv_handle_t* handle, uv_close_cb done);

std::uint64_t __wrap_uv_now(const uv_loop_t* loop) {
  const auto* world = ledgergate::fuzz::current();
  return world != nullptr ? world->now() : __real_uv_now(loop);
}

std::uint64_t __wrap_uv_hrtime(void) {
  const auto* world = ledgergate::fuzz::current();
  return world != nullptr ? world->now() * 1'000'000 : __real_uv_hrtime();
}

int __wrap_uv_timer_start(uv_timer_t* timer, uv_timer_cb due, std::uint64_t wait, std::uint64_t repeat) {
  auto* world = ledgergate::fuzz::current();
  if (world == nullptr) return __real_uv_timer_start(timer, due, wait, repeat);
  world->start_timer(timer, due, wait);
  return 0;
}

int __wrap_uv_timer_stop(uv_timer_t* timer) {
  auto* world = ledgergate::fuzz::current();
  if (world == nullptr) return __real_uv_timer_stop(timer);
  world->stop_timer(timer);
  return 0;
}

int __wrap_uv_tcp_connect(uv_connect_t* request, uv_tcp_t* handle, const sockaddr* to, uv_connect_cb done) {
  auto* world = ledgergate::fuzz::current();
  return world != nullptr ? world->connect(request, handle, done) : __real_uv_tcp_connect(request, handle, to, done);
}

int __wrap_uv_tcp_close_reset(uv_tcp_t* handle, uv_close_cb done) {
  if (auto* world = ledgergate::fuzz::current(); world != nullptr) world->resetting(handle);
  return __real_uv_tcp_close_reset(handle, done);
}

void __wrap_uv_close(uv_handle_t* handle, uv_close_cb done) {
  if (auto* world = ledgergate::fuzz::current(); world != nullptr) world->closing(handle);
  __real_uv_close(handle, done);
}
}
