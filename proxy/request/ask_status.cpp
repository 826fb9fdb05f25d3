#include "request/ask_status.h"

#include "http/parser.h"
#include "inspect/status.h"
#include "profile/endpoints.h"
#include "profile/questions.h"
#include "state/background.h"
#include "state/exchange.h"
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

Micros now_micros() { return static_cast<Micros>(uv_hrtime() / 1000); }

// "working, 3 waiting": of an mServer, else nothing.
std::string in_words(const inspect::ServerStatus& status) {
  if (status.business == inspect::Business::unknown) return {};
  std::string out = status.business == inspect::Business::idle ? "idle" : "working";
  if (status.processing) out += ", processing " + std::to_string(*status.processing);
  return out;
}

// A story of its own: those who wait for the answer may go away meanwhile.
io::Detached put_question(Services& services, std::shared_ptr<const Generation> generation, std::size_t server,
                          StatusBoard::Duty duty) {
  io::Wake wake(services.loop());
  const Background counted(services, wake);
  upstream::Pool& pool = generation->pool(server);
  upstream::Question question;
  question.bytes = profile::status_question(pool.server());
  question.patience = status_patience(pool.server());
  io::Stream::Ptr stream;
  auto said = co_await upstream::ask(wake, services.resolver(), pool, question, stream);
  if (!wake.halted()) note_answer(*generation->snapshot->health[server], said);
  duty.publish(std::move(said), now_micros());
  if (stream) co_await upstream::part(wake, *stream);
}

} // namespace

io::TimeMs status_patience(const settings::Server& server) noexcept {
  return ms(server.timeouts.connect + std::min(server.timeouts.reply, kLongest));
}

StatusBoard::Known ask_status(Services& services, const Generation& generation, std::size_t server, StatusBoard::Seat& seat,
                              Micros not_before) {
  auto asked = generation.snapshot->boards[server]->ask(seat, now_micros(), not_before);
  if (asked.duty) put_question(services, generation.shared_from_this(), server, std::move(*asked.duty));
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

} // namespace ledgergate
