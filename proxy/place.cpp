#include "place.h"

#include "observe/log_ring.h"
#include "worker.h"

namespace ledgergate {
namespace {

constexpr io::TimeMs kFinMs = 1000;

// Counted among the worker's connections: a drain waits for it, and halts it.
struct Registered {
  Registered(Worker& its_worker, io::Wake& wake) : worker(its_worker) {
    open.wake = &wake;
    worker.opened(open);
  }
  ~Registered() { worker.closed(open); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  Worker& worker;
  OpenConnection open;
};

} // namespace

io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn, Left left, io::TimeMs hold,
                             std::string name) {
  io::Wake wake(worker.loop());
  const Registered registered(worker, wake);
  server->attach(&wake, io::kServerIn, io::kServerOut);
  const io::TimeMs since = wake.loop().now();
  // A server that keeps connections would not end this one by itself: behind its reply it finds our FIN.
  server->end_output();
  wake.deadline_in(left == Left::answered ? kFinMs : hold);
  bool over = false;
  while (!over) {
    const io::Step step = server->fill();
    if (step == io::Step::done) {
      server->consume(server->input().size());
      continue;
    }
    if (step != io::Step::blocked) break;
    server->want_input();
    const auto happened = co_await wake.wait(io::kServerIn);
    over = (happened & io::kExpired) != 0;
  }
  if (left == Left::working) {
    const std::string how = over ? "; it did not end in time, and may be working still" : "";
    observe::event(over ? settings::LogLevel::error : settings::LogLevel::warning,
                   "server " + name + ": a place was held for " + std::to_string(wake.loop().now() - since) +
                       " ms behind a request that was given up" + how);
  }
  server.reset();
  turn.give_back();
}

} // namespace ledgergate
