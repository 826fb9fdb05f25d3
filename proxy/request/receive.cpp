// The reply's head, believed only when two readers agree.
#include "request/receive.h"

#include "http/keep_alive.h"
#include "http/parser.h"
#include "http/websocket.h"
#include "state/services.h"

#include <algorithm>
#include <utility>

namespace ledgergate {
namespace {

constexpr int kMaxInterim = 8;             // 1xx replies before the real one
constexpr std::uint32_t kMaxFields = 1000; // in a reply's head

Error broken_head(const io::Stream& server, bool began) {
  if (began) return {Cause::reply_truncated, "inside the reply's head"};
  return {server.failed() ? Cause::upstream_reset : Cause::upstream_closed};
}

} // namespace

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
    if (caller_gone(x, happened)) co_return Error{Cause::client_gone};
  }
}

Result<void> keep_head(Exchange& x, const io::Stream& server) {
  x.out.assign(server.input().substr(0, x.answer_head));
  x.answer.clear();
  return http::parse_reply(x.out, x.request.method, x.answer);
}

io::TimeMs server_keeps_until(const Exchange& x) noexcept {
  return x.server_keeps == io::kNever ? io::kNever : x.reply_end + x.server_keeps;
}

} // namespace ledgergate
