#include "request/place.h"

#include "http/reply_reader.h"
#include "inspect/status.h"
#include "observe/log_ring.h"
#include "profile/endpoints.h"
#include "request/ask_status.h"
#include "state/background.h"
#include "upstream/idle.h"
#include "upstream/probe.h"

#include <algorithm>
#include <array>
#include <coroutine>
#include <new>
#include <optional>
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
constexpr Micros kAgain = 1'000'000; // without memory to look at the server

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

} // namespace

// Of one place, from before the request is sent until it is given on.
struct Keeping {
  enum class Way : std::uint8_t { back, on, held };
  struct Told {
    Keeping& keeping;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> its_story) const noexcept { keeping.story = its_story; }
    void await_resume() const noexcept {}
  };

  Keeping(Services& its_services, std::shared_ptr<const Generation> its_generation, std::size_t its_server, upstream::Turn its_turn)
      : services(its_services), generation(std::move(its_generation)), server(its_server), turn(std::move(its_turn)),
        wake(its_services.loop()), seat(wake), asks(profile::tells_status(about().profile)) {}

  [[nodiscard]] const settings::Server& about() const { return generation->settings().servers[server]; }
  // Where the story waits to be told which.
  [[nodiscard]] Told until_told() noexcept { return {*this}; }
  void tell(Way its_way) noexcept {
    way = its_way;
    std::exchange(story, {}).resume(); // all of this may be gone behind it
  }

  Services& services;
  std::shared_ptr<const Generation> generation;
  std::size_t server;
  upstream::Turn turn;
  io::Wake wake;
  StatusBoard::Seat seat;
  bool asks;                       // whether the server says of itself that it is idle
  std::coroutine_handle<> story{}; // while it waits
  Way way = Way::back;
  io::Stream::Ptr stream;                  // null: it is over
  std::optional<http::ReplyReader> reader; // none: nothing that is said there is understood
  bool mid_reply = false;
  std::array<char, 128> request{}; // its id, which is no longer (story.cpp)
  std::size_t request_size = 0;
  std::optional<upstream::SeenIdle> idle;
  std::optional<upstream::SeenGone> gone;
  Micros again = 0; // no memory to look at the server before
};

namespace {

// What the server still says on the old connection.
End read_on(Keeping& h) {
  for (;;) {
    using State = http::ReplyReader::State;
    std::size_t used = 0;
    State state = State::more;
    try {
      if (h.reader) state = h.reader->take(h.stream->input(), used, nullptr);
    } catch (const std::bad_alloc&) {
      h.reader.reset();
    }
    h.stream->consume(h.reader ? used : h.stream->input().size());
    if (state == State::done) return End::answered;
    if (state == State::failed) return End::closed; // nothing that it says there can be believed
    const io::Step step = h.stream->fill();
    if (step == io::Step::done) continue;
    if (step == io::Step::blocked) {
      h.stream->want_input();
      return End::none;
    }
    h.gone->connection_over(now_micros());
    return step == io::Step::ended && h.reader && h.reader->may_end(h.stream->ended_cleanly()) ? End::answered : End::closed;
  }
}

bool is_idle(const upstream::ProbeReply& reply) {
  if (reply.status != 200) return false;
  const auto status = inspect::read_status(reply.body, reply.content_type);
  return status.business == inspect::Business::idle && status.processing.value_or(0) == 0;
}

// What /status says, if it is time to look.
End look(Keeping& h) {
  StatusBoard::Known known = h.seat.take();
  if (!known && !h.seat.waiting() && now_micros() >= h.idle->next())
    known = ask_status(h.services, *h.generation, h.server, h.seat, h.idle->next());
  if (!known) return End::none;
  const bool refuses = !known->said && known->said.error().cause == Cause::connect_refused;
  if (h.gone->saw(known->begun, refuses)) return End::refuses;
  const bool idle = known->said && is_idle(*known->said);
  return h.idle->saw(known->begun, idle) ? End::idle : End::none;
}

End look_round(Keeping& h) {
  if (h.stream) {
    const End end = read_on(h);
    if (end == End::answered) return end;
    if (end == End::closed) h.stream.reset();
  }
  if (!h.asks) return h.stream ? End::none : End::closed;
  try {
    return look(h);
  } catch (const std::bad_alloc&) {
    h.again = now_micros() + kAgain;
    return End::none;
  }
}

io::TimeMs next_look(const Keeping& h, io::TimeMs end) {
  if (!h.asks || h.seat.waiting()) return end;
  const Micros wait = std::max<Micros>(0, std::max(h.idle->next(), h.again) - now_micros());
  return std::min(end, h.wake.loop().now() + static_cast<io::TimeMs>((wait + 999) / 1000));
}

void begin_to_hold(Keeping& h) {
  h.idle.emplace(now_micros());
  h.gone.emplace(Micros{h.about().hold.count()} * 1000 / kGoneAfter);
  // An end of our own says nothing of the server.
  if (h.stream->failed() && h.stream->failure() != UV_ECANCELED) h.gone->connection_over(now_micros());
  if (h.stream->unsent() != 0) h.stream->reset(); // the rest must not follow: the caller knows already that it failed
  if (h.stream->failed()) return h.stream.reset();
  h.stream->attach(&h.wake, io::kServerIn, io::kServerOut);
  // A server that says nothing learns that nobody waits; one that is in the middle of its reply is not disturbed, where that is
  // read.
  if (!h.mid_reply || !h.reader) h.stream->end_output();
}

void tell_of_holding(const Keeping& h, io::TimeMs since, End end) noexcept {
  try {
    std::string text = "server " + h.about().name + ": a place was held for " + std::to_string(h.wake.loop().now() - since) +
                       " ms behind a request that was given up: ";
    text += in_words(end);
    if (h.request_size != 0) text.append(" request=").append(h.request.data(), h.request_size);
    observe::event(end == End::over ? settings::LogLevel::error : settings::LogLevel::warning, text);
  } catch (const std::bad_alloc&) {
    observe::event(settings::LogLevel::warning, "a place that was held is given on");
  }
}

// From before the request is sent. Nothing in it needs memory once it was told what to do, but for questions to an mServer, which
// are asked again.
io::Detached keep(std::unique_ptr<Keeping> keeping) {
  Keeping& h = *keeping;
  co_await h.until_told();
  if (h.way == Keeping::Way::back) co_return;
  const Background counted(h.services, h.wake);
  if (h.way == Keeping::Way::held) {
    const io::TimeMs since = h.wake.loop().now();
    const io::TimeMs over = since + ms(h.about().hold);
    begin_to_hold(h);
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
    tell_of_holding(h, since, end);
    if (end != End::answered) h.stream.reset();
  }
  if (h.stream && !h.stream->failed()) {
    h.stream->attach(&h.wake, io::kServerIn, io::kServerOut);
    h.stream->end_output();
    h.wake.deadline_in(upstream::kFinMs);
    while (!upstream::has_ended(*h.stream)) {
      const auto happened = co_await h.wake.wait(io::kServerIn);
      if ((happened & io::kExpired) != 0) break;
    }
  }
  h.stream.reset();
  h.turn.give_back();
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

Place::Place(Services& services, std::shared_ptr<const Generation> generation, std::size_t server, upstream::Turn turn) {
  auto made = std::make_unique<Keeping>(services, std::move(generation), server, std::move(turn));
  Keeping* const keeping = made.get();
  keep(std::move(made));
  keeping_ = keeping;
}

Place& Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    give_back();
    keeping_ = std::exchange(other.keeping_, nullptr);
  }
  return *this;
}

void Place::give_back() noexcept {
  if (Keeping* const told = std::exchange(keeping_, nullptr); told != nullptr) told->tell(Keeping::Way::back);
}

void Place::give_on(io::Stream::Ptr server) noexcept {
  Keeping* const told = std::exchange(keeping_, nullptr);
  told->stream = std::move(server);
  told->tell(Keeping::Way::on);
}

void Place::hold(io::Stream::Ptr server, std::optional<http::ReplyReader> reader, bool mid_reply,
                 std::string_view request) noexcept {
  Keeping* const told = std::exchange(keeping_, nullptr);
  told->request_size = std::min(request.size(), told->request.size());
  std::copy_n(request.begin(), told->request_size, told->request.begin());
  told->stream = std::move(server);
  told->reader = std::move(reader);
  told->mid_reply = mid_reply;
  told->tell(Keeping::Way::held);
}

io::Detached part_from(Services& services, io::Stream::Ptr server) {
  io::Wake wake(services.loop());
  const Background counted(services, wake);
  server->attach(&wake, io::kServerIn, io::kServerOut);
  if (!server->failed()) co_await upstream::part(wake, *server);
  server.reset();
}

void leave_place(Exchange& x, io::Stream::Ptr server, Place& place, Cause failure) noexcept {
  x.at_server = nullptr;
  if (!x.record.forwarded) return place.give_back();
  // An mServer that closes early, or says what can't be believed, may be at work all the same: it is asked. Of others nothing is
  // known but what their connection tells.
  if (!profile::tells_status(x.facts.server->profile) && ends_the_connection(failure)) return place.give_on(std::move(server));
  std::optional<http::ReplyReader> reader;
  try {
    // Without memory bytes may have been counted that were not taken, or the other way round.
    if (failure != Cause::out_of_memory && x.arriving)
      reader.emplace(*x.arriving);
    else if (failure != Cause::out_of_memory)
      reader.emplace(x.request.method, x.generation->settings().limits.reply_head);
  } catch (const std::bad_alloc&) {
    reader.reset();
  }
  place.hold(std::move(server), std::move(reader), x.arriving.has_value(), x.request_id);
}

} // namespace ledgergate
