// The turn at a server of bounded concurrency (mServer does one thing at a time).
#include "flow.h"
#include "story.h"
#include "worker.h"

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

bool needs_turn(const Exchange& x) { return x.facts.server->concurrency != 0; }

io::Task<Result<upstream::Turn>> take_turn(Exchange& x) {
  upstream::Turns& turns = *x.generation->snapshot->turns[x.server];
  const std::uint64_t asked = uv_hrtime();
  const upstream::Applicant applicant{flow_of(x), x.connection, class_of(x)};
  CallerWatch watch(*x.body);
  x.body->want();
  auto granted = co_await turns.wait(*x.wake, applicant, ms(x.facts.server->queue.wait), watch);
  x.record.turn_micros = static_cast<std::int64_t>((uv_hrtime() - asked) / 1000);
  if (!granted) x.retry_after = turns.retry_after();
  co_return granted;
}

} // namespace ledgergate
