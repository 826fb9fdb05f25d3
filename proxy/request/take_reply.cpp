// A reply taken off a one-slot server at its speed: a small one is held whole (a clean 502 if it breaks), a larger one is relayed
// while it is spooled. The turn goes on as soon as the server is done, whatever the caller's speed.
//
// One of a server that counts its Content-Length in characters (`length: characters`) is taken up to the server's FIN, believed or
// not as a whole, and given on with the length that it has.
#include "request/take_reply.h"

#include "http/rate_guard.h"
#include "http/reply_body.h"
#include "profile/character_length.h"
#include "request/check_reply.h"
#include "request/compress_reply.h"
#include "request/mask_reply.h"
#include "request/part_with.h"
#include "request/place.h"
#include "request/receive.h"
#include "request/reply_spool.h"
#include "request/send_reply.h"
#include "state/flow.h"
#include "state/services.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::size_t kBodyRoom = 28 * 1024; // plaintext taken off a TLS server at once
constexpr std::size_t kMostCounted = 16 * 1024 * 1024;

struct Taking {
  http::ReplyBody& body;
  http::RateGuard guard;                             // of the caller
  std::uint64_t given = 0;                           // bytes of the spool handed to the sink
  std::size_t left = 0;                              // undelivered, when the guard's window began
  io::TimeMs heard = 0;                              // when the server last sent something
  io::TimeMs ends = 0;                               // when all of it must be there
  std::uint64_t stated = 0;                          // of a server that counts characters: what it announced
  std::optional<profile::CharacterLength> counted{}; // while it is judged
  bool complete = false;                             // the server is done
  bool head_out = false;
  bool blocked = false; // the caller takes no more for now
};

// Everything the server has sent so far goes to the spool. Blocked: more is to come.
Result<io::Step> take_in(Exchange& x, io::Stream& server, Taking& t) {
  const std::uint64_t limit = x.facts.server->reply_limit;
  for (;;) {
    std::string_view bytes;
    std::size_t used = 0;
    const auto state = t.body.next(server.input(), bytes, used);
    if (state == http::ReplyBody::State::bad) return Error{Cause::reply_bad_coding};
    const std::uint64_t size = x.reply_spool.size() + bytes.size();
    if (limit != 0 && size > limit) return Error{Cause::reply_too_large};
    if (t.counted) {
      if (size > kMostCounted) return Error{Cause::reply_bad_length, "more than 16 MiB of counted characters"};
      t.counted->feed(bytes);
    }
    hear_outcome(x, bytes);
    const auto kept = x.reply_spool.append(bytes);
    server.consume(used);
    if (!kept) return not_kept(kept.error());
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

Result<void> begin(Exchange& x, Taking& t) {
  // Whole already: its length is known, whatever framing the server chose.
  const bool known = t.complete && x.answer.body.kind != http::BodyKind::none;
  const std::uint64_t size = x.reply_spool.size();
  t.head_out = true;
  if (known && compresses_held(x, size)) {
    const auto held = hold_spooled(x);
    if (!held) return held.error();
    return release_held(x, false);
  }
  send_head(x, known ? http::BodyKind::length : x.answer.body.kind, known ? size : x.answer.body.length);
  return {};
}

Result<void> give_out(Exchange& x, Taking& t) {
  if (t.blocked) return {};
  const auto given = give_stretch(x, t.given);
  if (!given) return given.error();
  if (*given != io::Step::blocked) return {};
  t.blocked = true;
  t.guard.restart(x.wake->loop().now());
  t.left = x.reply->undelivered();
  return {};
}

// Waits for the server, the caller, or the end of a time. An error: one of these times is over, or the caller has left.
io::Task<Result<void>> await_more(Exchange& x, io::Stream* server, Taking& t) {
  const settings::ServerTimeouts& times = x.facts.server->timeouts;
  io::TimeMs deadline = io::kNever;
  io::Events events = io::kClientIn;
  if (!t.complete) {
    server->want_input();
    events |= io::kServerIn;
    deadline = std::min<io::TimeMs>(t.heard + ms(times.stall), t.ends);
  }
  if (t.blocked) {
    x.reply->rest();
    events |= io::kClientOut;
    deadline = std::min<io::TimeMs>(deadline, t.guard.deadline());
  }
  x.wake->deadline_at(deadline);
  const auto happened = co_await x.wake->wait(events);
  const io::TimeMs now = x.wake->loop().now();
  if (!t.complete) {
    if ((happened & io::kServerIn) != 0) t.heard = now;
    if (x.wake->halted() || now >= t.heard + ms(times.stall)) co_return Error{Cause::reply_stalled};
    if (now >= t.ends) co_return Error{Cause::reply_timeout, "the whole reply took too long"};
  }
  if (caller_gone(x, happened)) co_return Error{Cause::client_gone};
  if (!t.blocked) co_return Result<void>{};
  if (now >= t.guard.deadline() || x.wake->halted()) {
    const std::size_t before = std::exchange(t.left, x.reply->undelivered());
    const bool enough = t.guard.moved(before - std::min(before, t.left), now);
    if (!enough || x.wake->halted()) co_return Error{Cause::client_write_timeout};
  }
  const io::Step step = x.reply->flush();
  if (step == io::Step::failed) co_return Error{Cause::client_gone};
  t.blocked = step == io::Step::blocked;
  co_return Result<void>{};
}

// The server is done. Whether its reply may go to the caller as it is.
Result<void> judge_whole(Exchange& x, const Taking& t) {
  if (!t.counted) return {};
  const auto fits = t.counted->check(t.stated);
  if (!fits) x.outcome.reset(); // what is not believed says nothing
  return fits;
}

// A small reply that is to be changed.
Result<void> change_whole(Exchange& x) {
  const auto held = hold_spooled(x);
  if (!held) return held.error();
  return release_held(x, true);
}

// The body, from behind its head to the end of the story's part in it.
io::Task<Result<void>> take_body_of_reply(Exchange& x, io::Stream::Ptr& server, Place& place, Taking& t, bool reusable) {
  const bool change = holds_for_change(x);
  for (;;) {
    if (!t.complete) {
      const auto taken = take_in(x, *server, t);
      if (!taken) co_return taken.error();
      if (change && x.reply_spool.size() > kMaxHeld) co_return Error{Cause::reply_unparsable, "a status of more than 64 KiB"};
      if (*taken == io::Step::done) {
        t.complete = true;
        x.reply_end = x.wake->loop().now();
        part_with(x, server, place, reusable);
        const auto believed = judge_whole(x, t);
        if (!believed) co_return believed.error();
      }
    }
    const bool may_begin = t.complete || (!change && !t.counted && x.reply_spool.size() > kHeldWhole);
    if (!t.head_out && may_begin) {
      const auto begun = change ? change_whole(x) : begin(x, t);
      if (!begun) co_return begun.error();
      t.head_out = true;
    }
    if (t.head_out) {
      const auto given = give_out(x, t);
      if (!given) co_return given.error();
      if (t.complete && t.given == x.reply_spool.size()) {
        x.reply_spool.clear(); // the last of it may take the caller long
        x.reply->end();
        co_return Result<void>{};
      }
      if (!t.blocked && t.given < x.reply_spool.size()) {
        co_await x.wake->next_round();
        if (x.wake->halted()) co_return Error{Cause::draining};
        continue;
      }
    }
    const auto more = co_await await_more(x, server.get(), t);
    if (!more) co_return more.error();
  }
}

} // namespace

bool counts_characters(const Exchange& x) {
  return x.facts.server->length_in_characters && x.answer.body.kind == http::BodyKind::length;
}

io::Task<Result<void>> take_reply(Exchange& x, io::Stream::Ptr& server, Place& place, bool reusable) {
  const settings::Server& about = *x.facts.server;
  const settings::BodyRate& rate = x.generation->settings().body_rate;
  const auto kept = keep_head(x, *server); // the body is taken there
  if (!kept) co_return kept.error();
  server->consume(x.answer_head);
  const io::TimeMs now = x.wake->loop().now();
  const bool counted = counts_characters(x);
  // What such a server says of its length is not to be believed yet.
  const http::Framing framing = counted ? http::Framing{http::BodyKind::until_close, 0} : x.answer.body;
  Taking t{x.arriving.emplace(framing), http::RateGuard(rate.bytes_per_second, ms(rate.over))};
  t.stated = x.answer.body.length;
  if (counted) t.counted.emplace();
  t.heard = now;
  t.ends = now + ms(about.timeouts.whole_reply);
  open_reply_spool(x);
  const bool too_large =
      x.answer.body.kind == http::BodyKind::length && about.reply_limit != 0 && x.answer.body.length > about.reply_limit;
  Result<void> outcome = Error{Cause::reply_too_large};
  if (!too_large) outcome = co_await take_body_of_reply(x, server, place, t, reusable && !counted);
  if (!outcome) {
    x.reply_spool.clear();
    // A reply beyond its limit may have no end, and a place must not be held by it: the reset ends the server's writing. Without a
    // place to give on nobody waits for the server, either.
    if (server && (outcome.error().cause == Cause::reply_too_large || !place.held())) server->reset();
  }
  co_return outcome;
}

} // namespace ledgergate
