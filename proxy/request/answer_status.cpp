#include "request/answer_status.h"

#include "http/parser.h"
#include "profile/endpoints.h"
#include "request/ask_status.h"
#include "request/judge_again.h"
#include "request/mask_reply.h"
#include "request/reply_spool.h"
#include "request/send_reply.h"
#include "state/services.h"

namespace ledgergate {

using upstream::StatusBoard;

namespace {
constexpr io::TimeMs kMarginMs = 5'000;
} // namespace

bool asks_status(const Exchange& x) {
  const bool bare = !x.framing.has_content();
  return bare && profile::answers_while_busy(x.facts.server->profile, x.upstream_target);
}

// What the caller sent goes no further: its empty POST and its GET are the same question, and its credentials are not needed.
io::Task<Result<void>> answer_status(Exchange& x) {
  StatusBoard::Seat seat(*x.wake);
  StatusBoard::Known known = ask_status(*x.services, *x.generation, x.server, seat, 0);
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
    if (caller_gone(x, happened)) co_return Error{Cause::client_gone};
  }
  if (!known->said) co_return known->said.error();
  x.out = known->said->head;
  x.answer.clear();
  const auto parsed = http::parse_reply(x.out, http::Method::get, x.answer);
  if (!parsed) co_return parsed.error();
  x.note = known->said->body;
  if (x.answer.body.kind != http::BodyKind::none) co_return co_await give_held(x, holds_for_change(x));
  send_head(x, http::BodyKind::none, 0);
  x.reply->end();
  co_return Result<void>{};
}

} // namespace ledgergate
