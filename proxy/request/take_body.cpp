// The request body, whole before a turn is asked for: a slow caller holds memory or disk at the edge, never a place at the server.
#include "request/take_body.h"

#include "http/rate_guard.h"
#include "profile/endpoints.h"
#include "request/decode_body.h"
#include "request/judge_again.h"
#include "request/server_login.h"
#include "state/flow.h"
#include "state/services.h"

#include <utility>

namespace ledgergate {
namespace {

using settings::SpoolChoice;

// The route's word, else the server's, else what a server of few places needs.
SpoolChoice spool_choice(const Exchange& x) {
  if (x.facts.route->spool != SpoolChoice::by_profile) return x.facts.route->spool;
  if (x.facts.server->spool != SpoolChoice::by_profile) return x.facts.server->spool;
  return x.facts.server->concurrency != 0 ? SpoolChoice::both : SpoolChoice::off;
}

} // namespace

bool spools_request(const Exchange& x) {
  // It is decoded, and its length is known only then; an empty one, too, loses what the caller says of its coding.
  if (x.body_coding != http::Coding::identity) return true;
  if (!x.request.body.has_content()) return false;
  if (x.reading || login_in_body(x)) return true;
  // Its length is not known before its end, and this server must be told.
  if (x.request.body.kind == http::BodyKind::chunked && profile::needs_length(x.facts.server->profile)) return true;
  const SpoolChoice choice = spool_choice(x);
  return choice == SpoolChoice::request || choice == SpoolChoice::both;
}

bool spools_reply(const Exchange& x) {
  const SpoolChoice choice = spool_choice(x);
  return choice == SpoolChoice::reply || choice == SpoolChoice::both;
}

io::Task<Result<void>> take_body(Exchange& x) {
  const settings::Settings& settings = x.generation->settings();
  http::RateGuard guard(settings.body_rate.bytes_per_second, ms(settings.body_rate.over));
  guard.restart(x.wake->loop().now());
  http::SpoolPart part(x.services->shared().spool, flow_of(x));
  x.spool.open(x.generation->snapshot->spool_directory, settings.spool.memory, std::move(part), &x.wake->loop());
  // Who waits for 100 (Continue) is refused instead, and who sends at once is refused before it has sent all.
  const auto room = x.spool.room_for(x.request.body.kind == http::BodyKind::length ? x.request.body.length : 1);
  if (!room) co_return room.error();
  DecodeBody decode(x);
  x.body->invite();
  for (;;) {
    std::string_view bytes;
    const io::Step step = x.body->pull(bytes);
    if (step == io::Step::ended) break;
    if (step == io::Step::failed) co_return x.body->error();
    if (step == io::Step::done) {
      x.record.bytes_in += bytes.size();
      const auto kept = decode.take(bytes);
      if (!kept) co_return kept.error();
      if (!guard.moved(bytes.size(), x.wake->loop().now())) co_return Error{Cause::client_body_timeout};
      continue;
    }
    x.body->want();
    x.wake->deadline_at(guard.deadline());
    const auto happened = co_await x.wake->wait(io::kClientIn | io::kDrain);
    if ((happened & io::kDrain) != 0) {
      const auto welcome = judge_again(x, Progress::arriving);
      if (!welcome) co_return welcome.error();
    }
    if ((happened & io::kExpired) != 0 && (x.wake->halted() || !guard.moved(0, x.wake->loop().now())))
      co_return Error{Cause::client_body_timeout};
  }
  const auto decoded = decode.finish();
  if (!decoded) co_return decoded.error();
  x.framing = {http::BodyKind::length, x.spool.size()};
  x.spooled = true;
  co_return Result<void>{};
}

} // namespace ledgergate
