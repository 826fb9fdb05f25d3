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

// Throws away what has come of a reply body: more, when it is not complete.
http::ReplyBody::State throw_away(http::ReplyBody& body, io::Stream& server) {
  for (;;) {
    std::string_view bytes;
    std::size_t used = 0;
    const auto state = body.next(server.input(), bytes, used);
    server.consume(used);
    if (state != http::ReplyBody::State::data) return state;
  }
}

} // namespace

io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn, Left left, io::TimeMs hold,
                             std::string name, std::optional<http::ReplyBody> rest) {
  io::Wake wake(worker.loop());
  const Registered registered(worker, wake);
  server->attach(&wake, io::kServerIn, io::kServerOut);
  const io::TimeMs since = wake.loop().now();
  bool answered = left == Left::answered;
  wake.deadline_in(answered ? kFinMs : hold);
  // A server that keeps connections would not end this one by itself: behind its reply it finds our FIN.
  if (!rest) server->end_output();
  bool over = false;
  while (!over) {
    if (rest) {
      const auto state = throw_away(*rest, *server);
      if (state != http::ReplyBody::State::more) {
        rest.reset();
        server->end_output();
        answered = state == http::ReplyBody::State::done;
        if (answered) wake.deadline_in(kFinMs);
      }
    }
    const io::Step step = server->fill();
    if (step == io::Step::done) {
      if (!rest) server->consume(server->input().size());
      continue;
    }
    if (step != io::Step::blocked) break;
    server->want_input();
    const auto happened = co_await wake.wait(io::kServerIn);
    over = (happened & io::kExpired) != 0;
  }
  if (left == Left::working) {
    const bool doubt = over && !answered;
    const std::string how = doubt ? "; it did not end in time, and may be working still" : "";
    observe::event(doubt ? settings::LogLevel::error : settings::LogLevel::warning,
                   "server " + name + ": a place was held for " + std::to_string(wake.loop().now() - since) +
                       " ms behind a request that was given up" + how);
  }
  server.reset();
  turn.give_back();
}

} // namespace ledgergate
