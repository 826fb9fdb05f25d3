#include "ask_status.h"

#include "background.h"
#include "http/parser.h"
#include "inspect/status.h"
#include "profile/endpoints.h"
#include "profile/questions.h"
#include "story.h"
#include "upstream/probe.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ledgergate {
namespace {

using namespace std::chrono_literals;
using upstream::Micros;
using upstream::StatusBoard;

// mServer answers /status while it works; one that takes longer than this for it tells nothing that is still of use.
constexpr settings::Millis kLongest = 30s;
constexpr io::TimeMs kMarginMs = 5'000;

Micros now_micros() { return static_cast<Micros>(uv_hrtime() / 1000); }

// "working, 3 waiting": of an mServer, else nothing.
std::string in_words(const inspect::ServerStatus& status) {
  if (status.business == inspect::Business::unknown) return {};
  std::string out = status.business == inspect::Business::idle ? "idle" : "working";
  if (status.processing) out += ", processing " + std::to_string(*status.processing);
  return out;
}

// A story of its own: those who wait for the answer may go away meanwhile.
io::Detached put_question(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t server,
                          StatusBoard::Duty duty) {
  io::Wake wake(worker.loop());
  const Background counted(worker, wake);
  upstream::Pool& pool = generation->pool(server);
  upstream::Question question;
  question.bytes = profile::status_question(pool.server());
  question.patience = status_patience(pool.server());
  io::Stream::Ptr stream;
  auto said = co_await upstream::ask(wake, worker.resolver(), pool, question, stream);
  if (!wake.halted()) note_answer(*generation->snapshot->health[server], said);
  duty.publish(std::move(said), now_micros());
  if (stream) co_await upstream::part(wake, *stream);
}

} // namespace

io::TimeMs status_patience(const settings::Server& server) noexcept {
  return ms(server.timeouts.connect + std::min(server.timeouts.reply, kLongest));
}

StatusBoard::Known ask_status(Worker& worker, const Generation& generation, std::size_t server, StatusBoard::Seat& seat,
                              Micros not_before) {
  auto asked = generation.snapshot->boards[server]->ask(seat, now_micros(), not_before);
  if (asked.duty) put_question(worker, generation.shared_from_this(), server, std::move(*asked.duty));
  return asked.known;
}

void note_answer(upstream::Health& health, const Result<upstream::ProbeReply>& said) {
  if (!said) {
    const Cause cause = said.error().cause;
    if (upstream::is_unreached(cause))
      health.unreached(cause);
    else if (cause != Cause::out_of_memory && cause != Cause::no_capacity) // these are ours
      health.unanswered(describe(cause).name);
  } else if (said->status >= 500) {
    health.unanswered("it answers with an error of its own");
  } else {
    health.answered(in_words(inspect::read_status(said->body, said->content_type)));
  }
}

bool asks_status(const Exchange& x) {
  const bool bare = !x.framing.has_content();
  return bare && profile::answers_while_busy(x.facts.server->profile, x.upstream_target);
}

// What the caller sent goes no further: its empty POST and its GET are the same question, and its credentials are not needed.
io::Task<Result<void>> answer_status(Exchange& x) {
  StatusBoard::Seat seat(*x.wake);
  StatusBoard::Known known = ask_status(*x.worker, *x.generation, x.server, seat, 0);
  x.wake->deadline_in(status_patience(*x.facts.server) + kMarginMs);
  x.body->want();
  while (!known) {
    const auto happened = co_await x.wake->wait(io::kAnswer | io::kClientIn | io::kDrain);
    if ((happened & io::kDrain) != 0) {
      const auto welcome = judge_again(x); // a reload, or a changed revocation list
      if (!welcome) co_return welcome.error();
    }
    known = seat.take();
    if (known) break;
    if ((happened & io::kExpired) != 0) co_return Error{Cause::reply_timeout};
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) co_return Error{Cause::client_gone};
  }
  if (!known->said) co_return known->said.error();
  x.out = known->said->head;
  x.answer.clear();
  const auto parsed = http::parse_reply(x.out, http::Method::get, x.answer);
  if (!parsed) co_return parsed.error();
  x.note = known->said->body;
  if (x.answer.body.kind == http::BodyKind::none) {
    send_head(x, http::BodyKind::none, 0);
  } else {
    const auto sent = release_held(x, holds_for_change(x));
    if (!sent) co_return sent.error();
    const auto given = co_await give_spooled(x);
    if (!given) co_return given.error();
  }
  x.reply->end();
  co_return Result<void>{};
}

} // namespace ledgergate
