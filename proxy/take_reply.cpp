// A reply taken off a one-slot server at its speed: a small one is held whole (a clean 502 if it breaks), a larger one is relayed
// while it is spooled. The turn goes on as soon as the server is done, whatever the caller's speed.
#include "http/rate_guard.h"
#include "http/reply_body.h"
#include "place.h"
#include "story.h"
#include "worker.h"

#include "http/parser.h"

#include <algorithm>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::size_t kHeldWhole = 256 * 1024;
constexpr std::size_t kBodyRoom = 128 * 1024;
constexpr std::size_t kGiven = 64 * 1024; // from the spool to the caller at once

struct Taking {
  http::ReplyBody body;
  http::RateGuard guard;   // of the caller
  std::uint64_t given = 0; // bytes of the spool handed to the sink
  io::TimeMs heard = 0;    // when the server last sent something
  bool complete = false;   // the server is done
  bool head_out = false;
  bool blocked = false;   // the caller takes no more for now
  bool abandoned = false; // the caller is gone; the server is read to its end all the same
  Error failure{};        // why it was abandoned
};

void abandon(Exchange& x, Taking& t, Error why) {
  if (t.abandoned) return;
  t.abandoned = true;
  t.failure = why;
  x.reply_spool.clear();
  if (t.head_out) x.reply->cut();
}

// Everything the server has sent so far goes to the spool. Blocked: more is to come.
Result<io::Step> take_in(Exchange& x, io::Stream& server, Taking& t) {
  for (;;) {
    std::string_view bytes;
    std::size_t used = 0;
    const auto state = t.body.next(server.input(), bytes, used);
    if (state == http::ReplyBody::State::bad) return Error{Cause::reply_bad_coding};
    if (!t.abandoned) {
      const auto kept = x.reply_spool.append(bytes);
      if (!kept) abandon(x, t, kept.error());
    }
    server.consume(used);
    if (state == http::ReplyBody::State::data) continue;
    if (state == http::ReplyBody::State::done) return io::Step::done;
    const io::Step step = server.fill(kBodyRoom);
    if (step == io::Step::done) {
      t.heard = x.wake->loop().now();
      continue;
    }
    if (step == io::Step::blocked) return io::Step::blocked;
    if (step == io::Step::ended && t.body.may_end(server.ended_cleanly())) return io::Step::done;
    return Error{Cause::reply_truncated};
  }
}

// As much of the spool to the caller as it takes.
Result<void> give_out(Exchange& x, Taking& t, io::Block& block) {
  while (!t.blocked && t.given < x.reply_spool.size()) {
    const auto read = x.reply_spool.read(t.given, block.data, std::min(block.size, kGiven));
    if (!read) return read.error();
    x.reply->body({block.data, *read});
    t.given += *read;
    const std::size_t before = x.reply->unsent();
    const io::Step step = x.reply->flush();
    if (step == io::Step::failed) return Error{Cause::client_gone};
    t.blocked = step == io::Step::blocked;
    static_cast<void>(t.guard.moved(before - std::min(before, x.reply->unsent()), x.wake->loop().now()));
  }
  return {};
}

void begin(Exchange& x, Taking& t) {
  t.head_out = true;
  t.guard.restart(x.wake->loop().now());
  // Whole already: its length is known, whatever framing the server chose.
  const bool known = t.complete && x.answer.body.kind != http::BodyKind::none;
  send_head(x, known ? http::BodyKind::length : x.answer.body.kind, known ? x.reply_spool.size() : x.answer.body.length);
}

} // namespace

io::Task<Result<void>> take_reply(Exchange& x, io::Stream::Ptr& server, upstream::Turn& turn) {
  const settings::Server& about = *x.facts.server;
  const settings::BodyRate& rate = x.generation->settings().body_rate;
  // The head's views lie in the input, which moves while the body is taken.
  x.out.assign(server->input().substr(0, x.answer_head));
  x.answer.clear();
  const auto again = http::parse_reply(x.out, x.request.method, x.answer);
  if (!again) co_return again.error();
  server->consume(x.answer_head);
  const bool change = holds_for_change(x);
  x.reply_spool.open(x.generation->snapshot->spool_directory, kHeldWhole);
  io::BufferPool& buffers = x.wake->loop().buffers();
  struct Lent {
    io::BufferPool& pool;
    io::Block block;
    ~Lent() { pool.give(block); }
  };
  Lent lent{buffers, buffers.take(kGiven)};
  Taking t{http::ReplyBody(x.answer.body), http::RateGuard(rate.bytes_per_second, ms(rate.over))};
  t.heard = x.wake->loop().now();
  std::size_t left = 0;

  for (;;) {
    if (!t.complete) {
      const auto taken = take_in(x, *server, t);
      if (!taken) {
        if (t.abandoned) co_return t.failure;
        co_return taken.error();
      }
      if (*taken == io::Step::done) {
        t.complete = true;
        give_back_place(*x.worker, std::move(server), std::move(turn), Left::answered, 0, about.name);
      }
    }
    if (t.abandoned && t.complete) co_return t.failure;
    if (!t.abandoned) {
      if (!t.head_out && change && t.complete) {
        const auto read = hold_spooled(x);
        if (!read) co_return read.error();
        release_held(x);
        x.reply->end();
        co_return Result<void>{};
      }
      if (!t.head_out && (t.complete || x.reply_spool.size() > kHeldWhole)) begin(x, t);
      if (t.head_out) {
        const auto given = give_out(x, t, lent.block);
        if (!given) abandon(x, t, given.error());
      }
      if (t.head_out && !t.abandoned && t.complete && t.given == x.reply_spool.size()) {
        x.reply->end();
        co_return Result<void>{};
      }
      if (t.abandoned && t.complete) co_return t.failure;
    }
    left = x.reply->unsent();
    io::TimeMs deadline = io::kNever;
    io::Events events = io::kClientIn;
    if (!t.complete) {
      server->want_input();
      events |= io::kServerIn;
      deadline = t.heard + ms(about.timeouts.stall);
    }
    if (t.blocked && !t.abandoned) {
      events |= io::kClientOut;
      deadline = std::min<io::TimeMs>(deadline, t.guard.deadline());
    }
    x.wake->deadline_at(deadline);
    const auto happened = co_await x.wake->wait(events);
    const io::TimeMs now = x.wake->loop().now();
    if (!t.complete && (happened & io::kServerIn) != 0) t.heard = now;
    if (!t.complete && (x.wake->halted() || now >= t.heard + ms(about.timeouts.stall))) {
      give_back_place(*x.worker, std::move(server), std::move(turn), Left::working, ms(about.hold), about.name);
      co_return Error{Cause::reply_stalled};
    }
    if (t.abandoned) continue;
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) abandon(x, t, {Cause::client_gone});
    if (t.blocked && !t.abandoned) {
      const std::size_t now_left = x.reply->unsent();
      const bool enough = t.guard.moved(left - std::min(left, now_left), now);
      if (!enough || x.wake->halted())
        abandon(x, t, {Cause::client_write_timeout});
      else {
        const io::Step step = x.reply->flush();
        if (step == io::Step::failed) abandon(x, t, {Cause::client_gone});
        t.blocked = step == io::Step::blocked;
      }
    }
  }
}

} // namespace ledgergate
