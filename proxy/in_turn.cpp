// A server of bounded concurrency (mServer does one thing at a time). A slow caller holds memory or disk at the edge, never a
// place: its body is whole before a turn is asked for, and the reply is taken off the server at the server's speed
// (take_reply.cpp).
#include "place.h"
#include "spool_source.h"
#include "story.h"
#include "upstream/connect.h"
#include "worker.h"

#include <utility>

namespace ledgergate {
namespace {

// Watches the caller while it stands in line.
class CallerWatch final : public upstream::Turns::Watch {
public:
  explicit CallerWatch(BodySource& body) : body_(body) {}
  bool gone() override { return body_.caller_left(); }

private:
  BodySource& body_;
};

// The flow: the address until callers have names; IPv6 by its /64.
std::string flow_of(const IpAddress& ip) {
  if (!ip.v6) return ip.text();
  IpAddress network = ip;
  for (std::size_t i = 8; i < network.bytes.size(); ++i) network.bytes[i] = 0;
  return network.text();
}

// Failures behind which the server may be at work on the request.
bool may_still_work(Cause cause) {
  return cause == Cause::reply_timeout || cause == Cause::reply_stalled || cause == Cause::upstream_write_timeout ||
         cause == Cause::client_gone;
}

} // namespace

io::Task<Result<void>> forward_in_turn(Exchange& x) {
  const std::size_t index = x.facts.route->server;
  upstream::Pool& pool = x.generation->pool(index);
  const settings::Server& server = pool.server();
  upstream::Turns& turns = *x.generation->snapshot->turns[index];

  http::Framing framing = x.request.body;
  if (framing.kind != http::BodyKind::none) {
    const auto whole = co_await spool_request(x);
    if (!whole) co_return whole.error();
    framing = {http::BodyKind::length, x.spool.size()};
  }
  x.out.clear();
  route::append_request_head(x.facts, x.upstream_target, framing, x.out);

  const std::uint64_t asked = uv_hrtime();
  const upstream::Applicant applicant{flow_of(x.facts.client_ip), x.connection, x.facts.route->turn_class};
  CallerWatch watch(*x.body);
  x.body->want();
  auto granted = co_await turns.wait(*x.wake, applicant, static_cast<io::TimeMs>(server.queue.wait.count()), watch);
  x.record.turn_micros = static_cast<std::int64_t>((uv_hrtime() - asked) / 1000);
  if (!granted) {
    x.retry_after = turns.retry_after();
    co_return granted.error();
  }
  upstream::Turn turn = std::move(*granted);

  // Always a fresh connection: a kept one that the server closes just then would make a false "in doubt", and one that another
  // worker keeps would be a second at the server.
  const std::uint64_t start = uv_hrtime();
  auto connected = co_await upstream::connect(*x.wake, x.worker->resolver(), pool);
  if (!connected) co_return connected.error();
  io::Stream::Ptr link = std::move(*connected);
  x.record.connect_micros = static_cast<std::int64_t>((uv_hrtime() - start) / 1000);

  SpoolSource source(x.spool, x.wake->loop().buffers());
  const auto attempt = co_await exchange_heads(x, *link, false, source, framing);
  Error failure{};
  if (!attempt)
    failure = attempt.error();
  else if (!attempt->outcome)
    failure = attempt->outcome.error();
  if (!attempt || !attempt->outcome) {
    if (x.record.forwarded && may_still_work(failure.cause))
      give_back_place(*x.worker, std::move(link), std::move(turn), Left::working, static_cast<io::TimeMs>(server.hold.count()),
                      server.name);
    co_return failure;
  }
  co_return co_await take_reply(x, link, turn);
}

} // namespace ledgergate
