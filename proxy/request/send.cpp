// The request on its way to the server, streamed with backpressure, while the server is listened to: it may answer before it has
// taken all (413, 401), or go away.
#include "request/send.h"

#include "http/chunked.h"
#include "http/rate_guard.h"
#include "request/judge_again.h"
#include "request/receive.h"
#include "request/stretch.h"
#include "state/services.h"

namespace ledgergate {
namespace {

// Gathered before the kernel is asked to take it.
constexpr std::size_t kBatch = 64 * 1024;
constexpr std::size_t kChunk = 16 * 1024;
// How long a reply is waited for that a server may have sent before it stopped taking the request.
constexpr io::TimeMs kLastWordsMs = 1000;

// One chunk, one record, for what came in many: a caller's one-byte chunks are not made ours.
void put_chunk(Exchange& x, io::Stream& server) {
  if (x.chunk.empty()) return;
  char size[18];
  const std::size_t length = http::write_chunk_size(x.chunk.size(), size);
  x.chunk.insert(0, size, length);
  x.chunk += "\r\n";
  server.write(x.chunk);
  x.chunk.clear();
}

enum class Spoke : std::uint8_t { nothing, reply, gone };

// What the server said while it was being sent to. An interim reply is no answer: a server that says 100 wants the body.
Spoke listen_to(Exchange& x, io::Stream& server) {
  const io::Step step = server.fill();
  if (step == io::Step::ended || step == io::Step::failed) return server.input().empty() ? Spoke::gone : Spoke::reply;
  const auto taken = take_head(x, server);
  if (!taken || *taken == io::Step::done) return Spoke::reply; // receive_head will say what is wrong with it
  server.want_input();
  return Spoke::nothing;
}

// The server takes no more: the reply that may be waiting is read first (a write that fails says nothing about what was sent
// before).
io::Task<Result<Sent>> last_words(Exchange& x, io::Stream& server) {
  x.wake->deadline_in(kLastWordsMs);
  for (;;) {
    const io::Step step = server.fill();
    if (step == io::Step::done) co_return Sent::early_reply;
    if (step != io::Step::blocked) break;
    server.want_input();
    const auto happened = co_await x.wake->wait(io::kServerIn);
    if ((happened & io::kExpired) != 0) break;
  }
  co_return Error{Cause::upstream_write_failed};
}

// Everything gathered goes out; early_reply when the server answered meanwhile.
io::Task<Result<Sent>> drain(Exchange& x, io::Stream& server) {
  const io::TimeMs patience = ms(x.facts.server->timeouts.send);
  std::size_t left = server.unsent();
  x.wake->deadline_in(patience);
  for (;;) {
    const io::Step step = server.flush();
    if (step == io::Step::done) co_return Sent::whole;
    if (step != io::Step::blocked) co_return co_await last_words(x, server);
    const auto happened = co_await x.wake->wait(io::kServerOut | io::kServerIn);
    const bool moved = server.unsent() != left;
    if ((happened & io::kExpired) != 0 && (!moved || x.wake->halted())) co_return Error{Cause::upstream_write_timeout};
    if (moved) {
      left = server.unsent();
      x.wake->deadline_in(patience);
    }
    if ((happened & io::kServerIn) != 0) {
      const Spoke spoke = listen_to(x, server);
      if (spoke == Spoke::reply) co_return Sent::early_reply;
      if (spoke == Spoke::gone && server.failed()) co_return Error{Cause::upstream_reset};
    }
  }
}

// With some of the body at the server: whether the rest may follow. `reload`: the caller may not be let in any more.
Result<void> may_go_on(Exchange& x, io::Stream& server, bool reload) {
  x.wake->forget(io::kDrain);
  Result<void> verdict;
  if (x.wake->halted())
    verdict = Error{Cause::draining};
  else if (reload)
    verdict = judge_again(x, Progress::at_server);
  if (!verdict) server.reset(); // never ended as if the request were whole
  return verdict;
}

} // namespace

io::Task<Result<Sent>> send_request(Exchange& x, io::Stream& server, BodySource& body, http::Framing framing,
                                    std::uint64_t& taken) {
  x.chunk.clear();
  server.write(x.out);
  if (!framing.has_content()) {
    if (server.flush() == io::Step::done) co_return Sent::whole;
    co_return co_await drain(x, server);
  }

  body.invite();
  const settings::BodyRate& rate = x.generation->settings().body_rate;
  http::RateGuard guard(rate.bytes_per_second, ms(rate.over));
  guard.restart(x.wake->loop().now());
  for (std::size_t moved = 0;;) {
    std::string_view bytes;
    const io::Step step = body.pull(bytes);
    if (step == io::Step::done) {
      moved += bytes.size();
      taken += bytes.size();
      if (&body == x.body) x.record.bytes_in += bytes.size(); // a spooled one was counted when it came
      if (!guard.moved(bytes.size(), x.wake->loop().now())) co_return Error{Cause::client_body_timeout};
      if (framing.kind == http::BodyKind::chunked)
        x.chunk.append(bytes);
      else
        server.write(bytes);
      if (x.chunk.size() >= kChunk) put_chunk(x, server);
      if (server.unsent() < kBatch) continue;
    }
    if (step == io::Step::failed) {
      server.reset(); // never ended as if the request were whole
      x.record.forwarded = x.record.forwarded || server.sent() != 0;
      co_return body.error();
    }
    put_chunk(x, server);
    if (step == io::Step::ended && framing.kind == http::BodyKind::chunked) server.write("0\r\n\r\n");

    // Out with it; a server that does not take it must not make the caller look slow.
    if (server.flush() != io::Step::done) {
      const auto drained = co_await drain(x, server);
      if (!drained) co_return drained.error();
      if (*drained == Sent::early_reply) co_return Sent::early_reply;
      guard.restart(x.wake->loop().now());
    }
    if (step == io::Step::ended) co_return Sent::whole;
    if (step == io::Step::done) {
      // Where there is always more (a spooled body, or a caller faster than its server) nobody waits for anything else.
      if (moved >= kStretch) {
        moved = 0;
        co_await x.wake->next_round();
      }
      const auto on = may_go_on(x, server, x.wake->pending(io::kDrain));
      if (!on) co_return on.error();
      continue;
    }

    moved = 0;
    body.want();
    x.wake->deadline_at(guard.deadline());
    const auto happened = co_await x.wake->wait(io::kClientIn | io::kServerIn | io::kDrain);
    if ((happened & io::kDrain) != 0) {
      const auto on = may_go_on(x, server, true);
      if (!on) co_return on.error();
    }
    if ((happened & io::kExpired) != 0 && (x.wake->halted() || !guard.moved(0, x.wake->loop().now()))) {
      server.reset();
      co_return Error{Cause::client_body_timeout};
    }
    if ((happened & io::kServerIn) != 0) {
      const Spoke spoke = listen_to(x, server);
      if (spoke == Spoke::reply) co_return Sent::early_reply;
      if (spoke == Spoke::gone) co_return Error{Cause::upstream_closed, "inside the request body"};
    }
  }
}

io::Task<Result<bool>> send_rest(Exchange& x, io::Stream& server, BodySource& body) {
  const io::TimeMs until = x.wake->loop().now() + ms(x.generation->settings().timeouts.linger);
  for (;;) {
    std::string_view bytes;
    const io::Step step = body.pull(bytes);
    if (step == io::Step::failed) co_return false;
    if (step == io::Step::done) {
      if (&body == x.body) x.record.bytes_in += bytes.size();
      server.write(bytes);
      continue;
    }
    const io::Step out = server.flush();
    if (out != io::Step::done && out != io::Step::blocked) co_return false;
    if (step == io::Step::ended && out == io::Step::done) co_return true;
    if (x.wake->halted() || x.wake->pending(io::kDrain)) co_return false; // whether the caller is still let in is not asked here
    io::Events events = io::kServerOut | io::kDrain;
    if (step == io::Step::blocked) {
      body.want();
      events |= io::kClientIn;
    }
    x.wake->deadline_at(until);
    const auto happened = co_await x.wake->wait(events);
    if ((happened & (io::kExpired | io::kDrain)) != 0) co_return false;
  }
}

} // namespace ledgergate
