// The reply: its head, believed only when two readers agree; its body, relayed as it comes, at the caller's pace.
#include "http/chunked.h"
#include "http/coding.h"
#include "http/inflate.h"
#include "http/keep_alive.h"
#include "http/parser.h"
#include "http/rate_guard.h"
#include "http/reply_body.h"
#include "http/websocket.h"
#include "profile/endpoints.h"
#include "route/route.h"
#include "story.h"
#include "worker.h"

#include <algorithm>
#include <utility>

namespace ledgergate {
namespace {

constexpr int kMaxInterim = 8;               // 1xx replies before the real one
constexpr std::uint32_t kMaxFields = 1000;   // in a reply's head
constexpr std::size_t kBodyRoom = 28 * 1024; // plaintext taken off a TLS server at once

Error broken_head(const io::Stream& server, bool began) {
  if (began) return {Cause::reply_truncated, "inside the reply's head"};
  return {server.failed() ? Cause::upstream_reset : Cause::upstream_closed};
}

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
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) co_return Error{Cause::client_gone};
  }
}

} // namespace

// /status of mServer prints a LAN name: the small reply is held, and the name replaced.
bool masks_reply(const Exchange& x) {
  if (!x.facts.route->mask_server_name || x.facts.server->profile != settings::Profile::mserver) return false;
  std::string scratch;
  return profile::is_status(x.facts.server->profile, route::server_path(*x.facts.route, x.target, scratch));
}

bool holds_for_change(const Exchange& x) {
  return x.answer.status / 100 == 2 && x.answer.body.kind != http::BodyKind::none && masks_reply(x);
}

void send_head(Exchange& x, http::BodyKind kind, std::uint64_t length) {
  x.record.status = x.answer.status;
  x.head_sent = true;
  if (x.facts.route->compress.enabled)
    send_encoded_head(x, kind, length);
  else
    x.reply->head(x.answer, kind, length);
}

Result<bool> set_aside(Exchange& x, std::string_view body) {
  x.reply_spool.clear();
  if (body.size() <= kMaxHeld) return false; // what the caller does not take at once is no more than of a reply that is relayed
  open_reply_spool(x);
  const auto kept = x.reply_spool.append(body);
  if (!kept) return not_kept(kept.error());
  return true;
}

Result<void> send_whole(Exchange& x, std::string_view body) {
  if (x.facts.route->compress.enabled) return send_encoded(x, body);
  const auto aside = set_aside(x, body);
  if (!aside) return aside.error();
  x.record.status = x.answer.status;
  x.head_sent = true;
  x.reply->head(x.answer, http::BodyKind::length, body.size());
  if (!*aside) x.reply->body(body);
  return {};
}

namespace {
std::string public_name(const Exchange& x) {
  if (!x.facts.route->public_url.empty()) return x.facts.route->public_url;
  std::string url = x.facts.tls ? "https://" : "http://";
  url += x.target.host;
  if (x.target.port != 0 && x.target.port != (x.facts.tls ? 443 : 80)) url += ":" + std::to_string(x.target.port);
  return url;
}

} // namespace

Result<void> hold_spooled(Exchange& x) {
  x.note.resize(static_cast<std::size_t>(x.reply_spool.size()));
  const auto read = x.reply_spool.read(0, x.note.data(), x.note.size());
  x.reply_spool.clear();
  if (!read) return read.error();
  return {};
}

namespace {

// It was asked for without a coding, but not every server listens to that.
Result<void> decode_note(Exchange& x) {
  const auto coding = http::content_coding(x.answer.fields);
  if (!coding) return Error{Cause::reply_unparsable, "a status in a content coding that is not known here"};
  if (*coding == http::Coding::identity || x.note.empty()) return {};
  http::Inflater inflater;
  http::Inflater::Bounds bounds;
  bounds.size = kMaxHeld;
  const auto begun = inflater.start(*coding, bounds);
  if (!begun) return begun;
  std::string plain(kMaxHeld + 1, '\0');
  std::size_t made = 0;
  for (std::string_view rest = x.note;;) {
    const auto step = inflater.next(rest, plain.data() + made, plain.size() - made);
    if (step.state == http::Inflater::State::more) break;
    if (step.state == http::Inflater::State::failed) return Error{Cause::reply_unparsable, "a status that can't be decompressed"};
    rest.remove_prefix(step.consumed);
    made += step.made;
  }
  if (!inflater.finish()) return Error{Cause::reply_unparsable, "a status that can't be decompressed"};
  plain.resize(made);
  x.note = std::move(plain);
  std::erase_if(x.answer.fields, [](const http::Field& field) { return http::speaks_of_coded_bytes(field.name); });
  return {};
}

} // namespace

// What was held goes out, changed if it holds a name.
Result<void> release_held(Exchange& x, bool change) {
  if (change) {
    const auto plain = decode_note(x);
    if (!plain) return plain;
  }
  std::string changed;
  const bool replaced = change && profile::replace_server_name(x.note, public_name(x), changed);
  const auto sent = send_whole(x, replaced ? changed : x.note);
  x.drop_note();
  return sent;
}

void expect_head(Exchange& x) {
  const std::uint32_t bound = x.generation->settings().limits.reply_head;
  x.arriving.reset();
  x.answer_scan.reset({bound, bound, kMaxFields, false});
}

namespace {

constexpr io::TimeMs kOnTheWayMs = 1000; // a request that would arrive as the server closes was sent for nothing

void note_keep_alive(Exchange& x) {
  const auto said = http::kept_alive_for(x.answer.fields);
  const io::TimeMs time = said ? static_cast<io::TimeMs>(said->count()) * 1000 : io::kNever;
  x.server_keeps = said ? time - std::min(time, kOnTheWayMs) : io::kNever;
}

} // namespace

Result<io::Step> take_head(Exchange& x, io::Stream& server) {
  for (;;) {
    http::HeadScan& scan = x.answer_scan;
    const auto state = scan.advance(server.input());
    if (state == http::HeadScan::State::failed) return scan.error();
    if (state != http::HeadScan::State::complete) return io::Step::blocked;
    if (x.record.first_byte_micros < 0) x.record.first_byte_micros = static_cast<std::int64_t>((uv_hrtime() - x.head_done) / 1000);
    x.answer_head = scan.size();
    x.answer.clear();
    const auto parsed = http::parse_reply(server.input().substr(0, x.answer_head), x.request.method, x.answer);
    if (!parsed) return parsed.error();
    if (x.answer.status >= 200) {
      note_keep_alive(x);
      return io::Step::done;
    }
    // RFC 9110 section 15.2: interim replies may come at any time; 100 is the edge's own, 101 must have been asked for.
    if (x.answer.status == 101) {
      if (!x.facts.websocket) return Error{Cause::upgrade_failed, "101 without a request to upgrade"};
      if (!http::agrees_to_websocket(x.request, x.answer)) return Error{Cause::upgrade_failed, "101 that does not prove WebSocket"};
      return io::Step::done;
    }
    if (++x.interims > kMaxInterim) return Error{Cause::reply_unparsable, "too many interim replies"};
    server.consume(x.answer_head);
    expect_head(x);
  }
}

io::Task<Result<void>> receive_head(Exchange& x, io::Stream& server) {
  x.wake->deadline_in(ms(x.facts.server->timeouts.reply));
  for (;;) {
    const auto taken = take_head(x, server);
    if (!taken) co_return taken.error();
    if (*taken == io::Step::done) co_return Result<void>{};
    const io::Step step = server.fill();
    if (step == io::Step::done) continue;
    if (step != io::Step::blocked) co_return broken_head(server, !server.input().empty());
    server.want_input();
    const auto happened = co_await x.wake->wait(io::kServerIn | io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::reply_timeout};
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) co_return Error{Cause::client_gone};
  }
}

namespace {

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
    // The head's views lie in the input, which moves while the body is collected.
    x.out.assign(server.input().substr(0, x.answer_head));
    x.answer.clear();
    const auto again = http::parse_reply(x.out, x.request.method, x.answer);
    if (!again) co_return again.error();
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

io::Task<Result<void>> flush_reply(Exchange& x) {
  io::Step step = x.reply->flush();
  if (step == io::Step::done) co_return Result<void>{};
  const settings::BodyRate& rate = x.generation->settings().body_rate;
  http::RateGuard guard(rate.bytes_per_second, ms(rate.over));
  guard.restart(x.wake->loop().now());
  std::size_t left = x.reply->undelivered();
  if (x.at_server != nullptr) x.at_server->rest(); // what it sends meanwhile stays in the kernels
  while (step == io::Step::blocked) {
    x.reply->rest();
    x.wake->deadline_at(guard.deadline());
    const auto happened = co_await x.wake->wait(io::kClientOut | io::kClientIn);
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) co_return Error{Cause::client_gone};
    if ((happened & io::kExpired) != 0) {
      const std::size_t before = std::exchange(left, x.reply->undelivered());
      const bool enough = guard.moved(before - std::min(before, left), x.wake->loop().now());
      if (!enough || x.wake->halted()) co_return Error{Cause::client_write_timeout};
    }
    step = x.reply->flush();
  }
  if (step == io::Step::failed) co_return Error{Cause::client_gone};
  co_return Result<void>{};
}

} // namespace ledgergate
