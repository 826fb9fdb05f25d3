// The reply of a server that counts its Content-Length in characters (`length: characters`): taken up to the server's FIN, believed
// or not as a whole, and given on with the length that it has.
#include "http/parser.h"
#include "profile/character_length.h"
#include "story.h"
#include "worker.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::size_t kBodyRoom = 128 * 1024;
constexpr std::size_t kGiven = 256 * 1024; // to the caller at once
// It lies in memory whole and is read in one go, which keeps the worker from others for some 10 ms a MiB.
constexpr std::size_t kMostCounted = 16 * 1024 * 1024;

// Takes all there is. Blocked: more is to come; done: the server has ended its side.
Result<io::Step> take_in(io::Stream& server, std::string& body) {
  for (;;) {
    body.append(server.input());
    server.consume(server.input().size());
    if (body.size() > kMostCounted) return Error{Cause::reply_bad_length, "more than 16 MiB of counted characters"};
    const io::Step step = server.fill(kBodyRoom);
    if (step == io::Step::blocked) return step;
    if (step == io::Step::ended && server.ended_cleanly()) return io::Step::done;
    if (step != io::Step::done) return Error{Cause::reply_truncated};
  }
}

// Up to the server's FIN.
io::Task<Result<void>> take_all(Exchange& x, io::Stream& server, std::string& body) {
  const settings::ServerTimeouts& timeouts = x.facts.server->timeouts;
  const io::TimeMs end = x.wake->loop().now() + ms(timeouts.whole_reply);
  for (;;) {
    const auto taken = take_in(server, body);
    if (!taken) co_return taken.error();
    if (*taken == io::Step::done) co_return Result<void>{};
    server.want_input();
    x.wake->deadline_at(std::min(end, x.wake->loop().now() + ms(timeouts.stall)));
    const auto happened = co_await x.wake->wait(io::kServerIn | io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::reply_stalled, "no end of a reply that only its end can prove"};
    if ((happened & io::kClientIn) != 0 && x.body->complete() && x.body->caller_gone()) co_return Error{Cause::client_gone};
  }
}

} // namespace

bool counts_characters(const Exchange& x) {
  return x.facts.server->length_in_characters && x.answer.body.kind == http::BodyKind::length;
}

io::Task<Result<void>> take_counted(Exchange& x, io::Stream::Ptr& server, upstream::Turn& turn) {
  // The head's views lie in the input, which moves while the body is taken.
  x.out.assign(server->input().substr(0, x.answer_head));
  x.answer.clear();
  const auto again = http::parse_reply(x.out, x.request.method, x.answer);
  if (!again) co_return again.error();
  server->consume(x.answer_head);
  x.arriving.emplace(http::Framing{http::BodyKind::until_close, 0}); // what it says of its length is not to be believed yet
  std::string body;
  const auto taken = co_await take_all(x, *server, body);
  if (!taken) co_return taken.error();
  part_with(x, server, turn, false);
  const auto fits = profile::check_character_length(body, x.answer.body.length);
  if (!fits) co_return fits.error();
  hear_outcome(x, body);
  if (compresses_held(x, body.size())) {
    send_whole(x, body);
    x.reply->end();
    co_return Result<void>{};
  }
  send_head(x, http::BodyKind::length, body.size());
  for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(std::min(rest.size(), kGiven))) {
    x.reply->body(rest.substr(0, kGiven));
    const auto flushed = co_await flush_reply(x);
    if (!flushed) co_return flushed.error();
    if (x.pressed) {
      co_await x.wake->next_round(); // compressing takes time
    }
  }
  x.reply->end();
  co_return Result<void>{};
}

} // namespace ledgergate
