#include "place.h"

#include "ask_status.h"
#include "background.h"
#include "http/reply_reader.h"
#include "inspect/status.h"
#include "observe/log_ring.h"
#include "profile/endpoints.h"
#include "upstream/idle.h"
#include "upstream/probe.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ledgergate {
namespace {

using upstream::Micros;
using upstream::StatusBoard;

Micros now_micros() { return static_cast<Micros>(uv_hrtime() / 1000); }

// The part of `hold` for which a server refuses connections until it is taken for gone: three minutes, as it comes. There is no
// hurry: nobody is served there until it is back, and then it says itself that it is idle.
constexpr int kGoneAfter = 10;

// Why a held place is given on.
enum class End : std::uint8_t { none, answered, closed, idle, refuses, over, edge_ends };

std::string_view in_words(End end) noexcept {
  switch (end) {
  case End::none:
  case End::answered: return "it answered in the end";
  case End::closed: return "its connection is over";
  case End::idle: return "it was seen idle twice";
  case End::refuses: return "it is gone: its connection is over, and it refuses all others";
  case End::over: return "`hold` is over, and it may be working still";
  case End::edge_ends: return "the edge ends, and it may be working still";
  }
  return {};
}

struct Holding {
  Holding(Worker& its_worker, std::shared_ptr<const Generation> its_generation, std::size_t its_server, io::Stream::Ptr its_stream,
          http::ReplyReader its_reader)
      : worker(its_worker), generation(std::move(its_generation)), server(its_server), stream(std::move(its_stream)),
        reader(std::move(its_reader)), wake(its_worker.loop()), counted(its_worker, wake), seat(wake), idle(now_micros()),
        gone(Micros{about().hold.count()} * 1000 / kGoneAfter), asks(profile::tells_status(about().profile)) {}

  [[nodiscard]] const settings::Server& about() const { return generation->settings().servers[server]; }

  Worker& worker;
  std::shared_ptr<const Generation> generation;
  std::size_t server;
  io::Stream::Ptr stream; // null: it is over
  http::ReplyReader reader;
  io::Wake wake;
  Background counted;
  StatusBoard::Seat seat;
  upstream::SeenIdle idle;
  upstream::SeenGone gone;
  bool asks; // whether the server says of itself that it is idle
};

// What the server still says on the old connection.
End read_on(Holding& h) {
  for (;;) {
    std::size_t used = 0;
    const auto state = h.reader.take(h.stream->input(), used, nullptr);
    h.stream->consume(used);
    if (state == http::ReplyReader::State::done) return End::answered;
    if (state == http::ReplyReader::State::failed) return End::closed; // nothing that it says there can be believed
    const io::Step step = h.stream->fill();
    if (step == io::Step::done) continue;
    if (step == io::Step::blocked) {
      h.stream->want_input();
      return End::none;
    }
    h.gone.connection_over(now_micros());
    return step == io::Step::ended && h.reader.may_end(h.stream->ended_cleanly()) ? End::answered : End::closed;
  }
}

bool is_idle(const upstream::ProbeReply& reply) {
  if (reply.status != 200) return false;
  const auto status = inspect::read_status(reply.body, reply.content_type);
  return status.business == inspect::Business::idle && status.processing.value_or(0) == 0;
}

// What /status says, if it is time to look.
End look(Holding& h) {
  StatusBoard::Known known = h.seat.take();
  if (!known && !h.seat.waiting() && now_micros() >= h.idle.next())
    known = ask_status(h.worker, *h.generation, h.server, h.seat, h.idle.next());
  if (!known) return End::none;
  const bool refuses = !known->said && known->said.error().cause == Cause::connect_refused;
  if (h.gone.saw(known->begun, refuses)) return End::refuses;
  const bool idle = known->said && is_idle(*known->said);
  return h.idle.saw(known->begun, idle) ? End::idle : End::none;
}

End look_round(Holding& h) {
  if (h.stream) {
    const End end = read_on(h);
    if (end == End::answered) return end;
    if (end == End::closed) h.stream.reset();
  }
  if (h.asks) return look(h);
  return h.stream ? End::none : End::closed;
}

io::TimeMs next_look(const Holding& h, io::TimeMs end) {
  if (!h.asks || h.seat.waiting()) return end;
  const Micros wait = std::max<Micros>(0, h.idle.next() - now_micros());
  return std::min(end, h.wake.loop().now() + static_cast<io::TimeMs>((wait + 999) / 1000));
}

io::Detached hold(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t server, io::Stream::Ptr stream,
                  upstream::Turn turn, http::ReplyReader reader, bool mid_reply) {
  Holding h(worker, std::move(generation), server, std::move(stream), std::move(reader));
  const io::TimeMs since = h.wake.loop().now();
  const io::TimeMs over = since + ms(h.about().hold);
  // An end of our own says nothing of the server.
  if (h.stream->failed() && h.stream->failure() != UV_ECANCELED) h.gone.connection_over(now_micros());
  if (h.stream->unsent() != 0) h.stream->reset(); // the rest must not follow: the caller knows already that it failed
  if (h.stream->failed()) {
    h.stream.reset();
  } else {
    h.stream->attach(&h.wake, io::kServerIn, io::kServerOut);
    // A server that says nothing learns that nobody waits; one that is in the middle of its reply is not disturbed.
    if (!mid_reply) h.stream->end_output();
  }
  End end = look_round(h);
  while (end == End::none) {
    h.wake.deadline_at(next_look(h, over));
    co_await h.wake.wait(io::kServerIn | io::kAnswer);
    end = look_round(h);
    if (end != End::none) break;
    if (h.wake.halted())
      end = End::edge_ends;
    else if (h.wake.loop().now() >= over)
      end = End::over;
  }
  if (end == End::answered) co_await upstream::part(h.wake, *h.stream);
  std::string text = "server " + h.about().name + ": a place was held for " + std::to_string(h.wake.loop().now() - since) +
                     " ms behind a request that was given up: ";
  text += in_words(end);
  observe::event(end == End::over ? settings::LogLevel::error : settings::LogLevel::warning, text);
  h.stream.reset();
  turn.give_back();
}

// Failures behind which the server's connection has nothing more to say.
bool ends_the_connection(Cause cause) {
  switch (cause) {
  case Cause::upstream_write_failed:
  case Cause::upstream_closed:
  case Cause::upstream_reset:
  case Cause::reply_unparsable:
  case Cause::reply_head_too_large:
  case Cause::reply_truncated:
  case Cause::reply_bad_coding:
  case Cause::reply_too_large:
  case Cause::upgrade_failed: return true;
  default: return false;
  }
}

} // namespace

io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn) {
  io::Wake wake(worker.loop());
  const Background counted(worker, wake);
  server->attach(&wake, io::kServerIn, io::kServerOut);
  if (!server->failed()) co_await upstream::part(wake, *server);
  server.reset();
  turn.give_back();
}

void hold_place(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t server, io::Stream::Ptr stream,
                upstream::Turn turn, http::Method to) {
  http::ReplyReader reader(to, generation->settings().limits.reply_head);
  hold(worker, std::move(generation), server, std::move(stream), std::move(turn), std::move(reader), false);
}

void leave_place(Exchange& x, io::Stream::Ptr server, upstream::Turn turn, Cause failure) {
  x.at_server = nullptr;
  if (!x.record.forwarded) return;
  // An mServer that closes early, or says what can't be believed, may be at work all the same: it is asked. Of others nothing is
  // known but what their connection tells.
  if (profile::tells_status(x.facts.server->profile) || !ends_the_connection(failure)) {
    http::ReplyReader reader = x.arriving ? http::ReplyReader(*x.arriving)
                                          : http::ReplyReader(x.request.method, x.generation->settings().limits.reply_head);
    hold(*x.worker, x.generation->shared_from_this(), x.server, std::move(server), std::move(turn), std::move(reader),
         x.arriving.has_value());
  } else {
    give_back_place(*x.worker, std::move(server), std::move(turn));
  }
}

} // namespace ledgergate
