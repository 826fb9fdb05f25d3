// One request to its server and the reply back. docs/invariants.md, "Nothing is sent twice", lives here: a request is sent a second
// time only while not one byte of it has left, or when a kept connection was closed before any answer and the method is safe.
#include "request/forward.h"

#include "http/parser.h"
#include "profile/endpoints.h"
#include "request/answer_status.h"
#include "request/available.h"
#include "request/check_reply.h"
#include "request/judge_again.h"
#include "request/mask_reply.h"
#include "request/own_connection.h"
#include "request/part_with.h"
#include "request/place.h"
#include "request/receive.h"
#include "request/relay_reply.h"
#include "request/send.h"
#include "request/spool_source.h"
#include "request/take_body.h"
#include "request/take_reply.h"
#include "request/take_turn.h"
#include "request/trace.h"
#include "request/tunnel.h"
#include "state/services.h"
#include "upstream/client_tls.h"
#include "upstream/connect.h"

#include <ctime>
#include <utility>

namespace ledgergate {
namespace {

struct Link {
  io::Stream::Ptr server;
  bool reused = false;
  bool own = false; // this caller's alone, since an earlier request
};

// While it lives the exchange has this connection to its server.
class AtServer {
public:
  AtServer(Exchange& x, io::Stream& server) noexcept : x_(x) { x_.at_server = &server; }
  ~AtServer() { x_.at_server = nullptr; }
  AtServer(const AtServer&) = delete;
  AtServer& operator=(const AtServer&) = delete;

private:
  Exchange& x_;
};

std::int64_t micros_since(std::uint64_t start) { return static_cast<std::int64_t>((uv_hrtime() - start) / 1000); }

io::Task<Result<Link>> acquire(Exchange& x, upstream::Pool& pool, bool may_reuse) {
  // Nothing of it has left yet, and its story can't wait for an answer any more.
  if (x.wake->halted()) co_return Error{Cause::draining};
  if (may_reuse) {
    io::Stream::Ptr kept = take_own(x, pool);
    const bool own = kept != nullptr;
    if (!own) kept = pool.take();
    if (kept) {
      kept->attach(x.wake, io::kServerIn, io::kServerOut);
      co_return Link{std::move(kept), true, own};
    }
  }
  const std::uint64_t start = uv_hrtime();
  Result<io::Stream::Ptr> fresh = Error{Cause::connect_failed};
  if (x.addresses.empty())
    fresh = co_await upstream::connect(*x.wake, x.services->resolver(), pool);
  else
    fresh = co_await upstream::connect_to_one_of(*x.wake, x.addresses, pool, ms(pool.server().timeouts.connect));
  upstream::Health& health = *x.generation->snapshot->health[x.server];
  if (!fresh) {
    if (!x.wake->halted()) health.unreached(fresh.error().cause);
    co_return fresh.error();
  }
  health.reached();
  x.record.connect_micros = micros_since(start);
  co_return Link{std::move(*fresh), false, false};
}

// RFC 9440: what the server is told of the caller's certificate, on a route that wants it. One that is beyond its dates by now is
// none.
void tell_of_certificate(Exchange& x) {
  const settings::ClientCert wanted = x.facts.route->client_cert;
  if (wanted == settings::ClientCert::off || x.certificate == nullptr || std::time(nullptr) >= x.certificate->valid_until) return;
  x.standing->append_certificate(x.client_cert);
  if (wanted == settings::ClientCert::chain) x.standing->append_chain(x.client_cert_chain);
  x.facts.client_cert = x.client_cert;
  x.facts.client_cert_chain = x.client_cert_chain;
}

// RFC 9110 section 15.5.9: a server may say 408 to a connection that idles too long for it, and close that. On a kept connection it
// is no answer to a request that had all left: the two have crossed on the way.
bool idled_out(const Exchange& x, bool reused, bool whole) {
  return reused && whole && x.answer.status == 408 && !x.answer.keep_alive;
}

} // namespace

io::Task<Result<Attempt>> exchange_heads(Exchange& x, io::Stream& server, bool reused, BodySource& body, http::Framing framing) {
  const std::uint64_t before = server.sent();
  const bool forwarded = x.record.forwarded;
  expect_head(x);
  std::uint64_t taken = 0;
  const auto sent = co_await send_request(x, server, body, framing, taken);
  const bool left = server.sent() != before;
  x.record.forwarded = x.record.forwarded || left;
  Attempt result;
  if (!sent) {
    result.outcome = sent.error();
  } else {
    result.whole = *sent == Sent::whole;
    if (!result.whole && framing.kind == http::BodyKind::length) result.rest = framing.length - taken;
    result.outcome = co_await receive_head(x, server);
    if (result.outcome && idled_out(x, reused, result.whole))
      result.outcome = Error{Cause::upstream_closed, "it took the connection for an idle one"};
  }
  // Such a server ends the connection, or forbids what it was asked.
  const bool renegotiates = upstream::asked_to_renegotiate(server);
  if (renegotiates && (!result.outcome || x.answer.status == 403))
    result.outcome =
        Error{Cause::upstream_tls, "the server asks for a client certificate in the middle of a TLS 1.2 connection: let it "
                                   "speak TLS 1.3, or ask at the beginning"};
  if (!result.outcome && server.failure() == UV_ENOMEM) result.outcome = Error{Cause::out_of_memory}; // no fault of the server's
  const std::string_view refusal = result.outcome || reused ? std::string_view() : upstream::refused_certificate(server);
  if (!refusal.empty()) {
    x.record.forwarded = forwarded; // it was thrown away unread: no till must wonder whether its sale was booked
    result.outcome = Error{Cause::upstream_tls, refusal};
    co_return result;
  }
  if (!result.outcome) {
    const Cause cause = result.outcome.error().cause;
    const bool closed_early =
        cause == Cause::upstream_closed || cause == Cause::upstream_reset || cause == Cause::upstream_write_failed;
    const bool replayable = !framing.has_content();
    result.again = closed_early && replayable && reused && (!left || http::is_safe(x.request.method));
  }
  co_return result;
}

namespace {

constexpr std::uint64_t kMostRest = 64 * 1024;

// IIS answers a leg of a login at the head, reads the body, and goes on with the login on that connection. So the body must reach
// it, or the login begins anew for ever. What is larger costs the caller more than a new connection.
bool completes_leg(const Exchange& x, const Attempt& attempt) {
  const bool lasts = x.own_connection && !x.facts.peer_trusted && x.credentials == nullptr && x.answer.keep_alive;
  return lasts && !attempt.whole && attempt.rest != 0 && attempt.rest <= kMostRest;
}

// All that is said on one connection, and how it went.
struct Talk {
  Link link;
  bool may_reuse; // it may be a kept one
  bool fresh_only;
  bool again = false;    // nothing is in doubt, and another connection may do better
  bool refused = false;  // the server is done with it; its reply goes nowhere
  bool reusable = false; // as part_with()'s
};

// Memory that is out in the middle of it is one more way to fail: whoever waits for this knows what has left.
io::Task<Result<void>> converse(Exchange& x, Talk& t, Place& place, SpoolSource& kept) {
  io::Stream::Ptr& server = t.link.server;
  BodySource& body = x.spooled ? static_cast<BodySource&>(kept) : *x.body;
  const bool login = brings_connection_login(x);
  x.own_connection = t.link.own || login;
  const AtServer at_server(x, *server);
  kept.rewind();
  const auto attempt = co_await exchange_heads(x, *server, t.link.reused, body, x.framing);
  if (attempt && attempt->again && t.may_reuse) {
    t.again = !t.link.own || !login;
    if (t.again) co_return attempt->outcome;
    x.last = true; // a leg of a login is lost with its connection: that begins anew, on another one
  }
  Result<void> outcome = attempt ? attempt->outcome : Result<void>(attempt.error());
  const bool answered = outcome.ok();
  if (answered) trace_reply(x);
  if (answered) note_connection_login(x, !t.fresh_only);
  if (outcome) outcome = check_reply(x);
  t.refused = answered && !outcome;
  const bool switched = x.answer.status == 101; // the connection speaks HTTP no more
  t.reusable = !t.fresh_only && attempt && attempt->whole && !switched;
  if (outcome && !t.fresh_only && !switched && completes_leg(x, *attempt)) {
    const auto whole = co_await send_rest(x, *server, body);
    if (!whole) co_return whole.error();
    t.reusable = *whole;
    // The head's views lie in the input, which has moved.
    x.answer.clear();
    const auto again = http::parse_reply(server->input().substr(0, x.answer_head), x.request.method, x.answer);
    if (!again) co_return again.error();
  }
  x.spool.clear(); // it will not be sent again, and the reply may take long
  kept.let_go();
  if (!outcome) co_return outcome;
  if (switched) co_return co_await tunnel(x, *server);
  if (spools_reply(x) || counts_characters(x)) co_return co_await take_reply(x, server, place, t.reusable);
  co_return co_await relay_reply(x, *server);
}

} // namespace

io::Task<Result<void>> forward(Exchange& x) {
  const auto welcome = judge_again(x); // its body may have taken long
  if (!welcome) co_return welcome.error();
  const auto open = available(x);
  if (!open) co_return open.error();
  if (asks_status(x)) co_return co_await answer_status(x);
  upstream::Pool& pool = x.generation->pool(x.server);
  const settings::Server& server = pool.server();
  const upstream::Turn passing = pass(x);
  Place place;
  if (!passing.held()) {
    auto granted = co_await take_turn(x);
    if (!granted) co_return granted.error();
    trace_slot(x);
    place = Place(*x.services, x.generation->shared_from_this(), x.server, std::move(*granted));
    const auto still_welcome = judge_again(x);
    if (!still_welcome) co_return still_welcome.error();
    const auto still_open = available(x);
    if (!still_open) co_return still_open.error();
  }

  SpoolSource kept(x.spool, x.wake->loop().buffers());
  const bool harmless = http::is_safe(x.request.method) && !x.framing.has_content();
  // In a turn always a fresh connection: a kept one that the server closes just then would make a false "in doubt", and one that
  // another worker keeps would be a second at the server.
  const bool fresh_only = place.held() || (profile::fresh_for_unsafe(server.profile) && !harmless);
  x.credentials = x.generation->snapshot->credentials(x.client, *x.facts.route, x.server);
  if (x.credentials != nullptr) x.facts.credentials = x.credentials->value();
  tell_of_certificate(x);
  x.facts.plain_reply = masks_reply(x);
  x.out.clear();
  route::append_request_head(x.facts, x.upstream_target, x.framing, x.out);

  if (place.held()) static_cast<void>(take_own(x, pool)); // since before the server had a bound: none idles there
  for (bool may_reuse = !fresh_only;; may_reuse = false) {
    auto link = co_await acquire(x, pool, may_reuse);
    if (!link) co_return link.error();
    if (!link->reused) { // connecting may have taken long
      const auto welcome_still = judge_again(x);
      if (!welcome_still) {
        part_with(x, link->server, place, false);
        co_return welcome_still.error();
      }
    }
    Talk talk{std::move(*link), may_reuse, fresh_only};
    x.record.reused_connection = talk.link.reused;
    trace_connection(x, *talk.link.server, talk.link.reused);
    const auto outcome = co_await converse(x, talk, place, kept);
    // From here on nothing needs memory until the place is given on.
    if (talk.again) continue;
    if (!talk.link.server) co_return outcome; // the server was done before the caller
    if (outcome || talk.refused)
      part_with(x, talk.link.server, place, talk.reusable && outcome);
    else if (place.held())
      leave_place(x, std::move(talk.link.server), place, outcome.error().cause);
    co_return outcome;
  }
}

} // namespace ledgergate
