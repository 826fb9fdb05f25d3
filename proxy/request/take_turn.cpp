// The turn at a server of bounded concurrency (mServer does one thing at a time).
#include "request/take_turn.h"

#include "state/flow.h"
#include "state/services.h"

#include <algorithm>
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

settings::TurnClass class_of(const Exchange& x) {
  if (x.client != nullptr && x.client->turn_class) return *x.client->turn_class;
  return x.facts.route->turn_class;
}

} // namespace

upstream::Turn pass(const Exchange& x) { return x.generation->snapshot->turns[x.server]->beside(x.unit); }

io::Task<Result<upstream::Turn>> take_turn(Exchange& x) {
  const std::uint64_t asked = uv_hrtime();
  const io::TimeMs since = x.wake->loop().now();
  const io::TimeMs patience = ms(x.facts.server->queue.wait); // for all lines together
  const upstream::Applicant applicant{flow_of(x), x.connection, class_of(x)};
  CallerWatch watch(*x.body);
  const auto& turns = x.generation->snapshot->turns[x.server];
  auto entrance = turns->enter(x.unit, *x.wake, applicant);
  Result<upstream::Turn> turn = upstream::Turn();
  for (std::size_t i = 0; turn && i < entrance.lines.count; ++i) {
    upstream::Turns& line = *entrance.lines.line[i];
    const io::TimeMs left = patience - std::min(patience, x.wake->loop().now() - since);
    x.body->want();
    Result<upstream::Turn> granted = entrance.first ? Error{} : entrance.first.error();
    if (i != 0)
      granted = co_await line.wait(*x.wake, applicant, left, watch);
    else if (entrance.first)
      granted = co_await upstream::Turns::wait(*entrance.first, left, watch);
    if (granted) {
      turn->join(std::move(*granted));
    } else {
      x.retry_after = line.retry_after();
      turn = granted.error();
    }
  }
  if (turn) {
    const upstream::Destination destination{*x.facts.server, turns, x.unit};
    const io::TimeMs until = since + patience;
    x.body->want();
    auto addresses = co_await upstream::take_addresses(*x.wake, x.services->resolver(), x.services->shared().addresses_of_servers,
                                                       destination, applicant, until, watch, *turn);
    if (addresses) {
      x.addresses = std::move(*addresses);
    } else {
      if (!x.wake->halted()) x.generation->snapshot->health[x.server]->unreached(addresses.error().cause);
      turn = addresses.error();
    }
  }
  x.record.turn_micros = static_cast<std::int64_t>((uv_hrtime() - asked) / 1000);
  co_return turn;
}

} // namespace ledgergate
