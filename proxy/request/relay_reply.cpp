// The reply's body, relayed as it comes, at the caller's pace.
#include "request/relay_reply.h"

#include "http/reply_body.h"
#include "request/check_reply.h"
#include "request/compress_reply.h"
#include "request/flush_reply.h"
#include "request/mask_reply.h"
#include "request/receive.h"
#include "request/reply_spool.h"
#include "request/send_reply.h"
#include "state/generation.h"

namespace ledgergate {

namespace {

constexpr std::size_t kBodyRoom = 28 * 1024; // plaintext taken off a TLS server at once

// Waits for more of the reply's body.
io::Task<Result<void>> more_from(Exchange& x, io::Stream& server, const http::ReplyBody& body, bool& ended) {
  x.wake->deadline_in(ms(x.facts.server->timeouts.stall));
  for (;;) {
    const io::Step step = server.fill(kBodyRoom);
    if (step == io::Step::done) co_return Result<void>{};
    if (step == io::Step::ended && body.may_end(server.ended_cleanly())) {
      ended = true;
      co_return Result<void>{};
    }
    if (step != io::Step::blocked) co_return Error{Cause::reply_truncated};
    server.want_input();
    const auto happened = co_await x.wake->wait(io::kServerIn | io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::reply_stalled};
    if (caller_gone(x, happened)) co_return Error{Cause::client_gone};
  }
}

// Whether the reply is held whole, in the reply spool. One that there is no room for is compressed as it comes.
bool holds(Exchange& x, bool change) {
  const bool compressed = x.answer.body.kind == http::BodyKind::length && compresses_held(x, x.answer.body.length);
  if (!change && !compressed) return false;
  open_reply_spool(x);
  x.note.clear();
  return change || x.reply_spool.room_for(x.answer.body.length).ok();
}

// A small one lies in `note`, whose room the exchange keeps (Exchange::drop_note).
constexpr std::size_t kSmallHeld = 16 * 1024;

Result<void> keep_held(Exchange& x, std::string_view bytes, bool change) {
  if (x.reply_spool.size() == 0 && x.note.size() + bytes.size() <= kSmallHeld) {
    x.note.append(bytes);
    return {};
  }
  if (!x.note.empty()) {
    const auto moved = x.reply_spool.append(x.note);
    x.note.clear();
    if (!moved) return not_kept(moved.error());
  }
  const auto kept = x.reply_spool.append(bytes);
  if (!kept) return not_kept(kept.error());
  if (change && x.reply_spool.size() > kMaxHeld) return Error{Cause::reply_unparsable, "a status of more than 64 KiB"};
  return {};
}

Result<void> send_held(Exchange& x, bool change) {
  if (x.reply_spool.size() != 0) {
    const auto held = hold_spooled(x);
    if (!held) return held.error();
  }
  return release_held(x, change);
}

} // namespace

io::Task<Result<void>> relay_reply(Exchange& x, io::Stream& server) {
  const bool change = holds_for_change(x);
  const bool holding = holds(x, change);
  if (holding) {
    const auto kept = keep_head(x, server); // the body is collected there
    if (!kept) co_return kept.error();
  } else {
    send_head(x, x.answer.body.kind, x.answer.body.length);
  }
  server.consume(x.answer_head);

  http::ReplyBody& body = x.arriving.emplace(x.answer.body);
  for (bool ended = false; !ended;) {
    std::string_view bytes;
    std::size_t used = 0;
    const auto state = body.next(server.input(), bytes, used);
    if (state == http::ReplyBody::State::bad) co_return Error{Cause::reply_bad_coding};
    hear_outcome(x, bytes);
    Result<void> kept;
    if (holding)
      kept = keep_held(x, bytes, change);
    else
      x.reply->body(bytes);
    server.consume(used);
    if (!kept) co_return kept.error();
    if (state == http::ReplyBody::State::data) continue;
    if (state == http::ReplyBody::State::done) break;

    // Nothing more to relay now: the caller gets what there is before the server is waited for.
    if (!holding) {
      const auto flushed = co_await flush_reply(x);
      if (!flushed) co_return flushed.error();
    }
    const auto more = co_await more_from(x, server, body, ended);
    if (!more) co_return more.error();
  }
  x.reply_end = x.wake->loop().now();
  if (holding) {
    const auto sent = send_held(x, change);
    if (!sent) co_return sent.error();
    const auto given = co_await give_spooled(x);
    if (!given) co_return given.error();
  }
  x.reply->end();
  co_return Result<void>{};
}

} // namespace ledgergate
