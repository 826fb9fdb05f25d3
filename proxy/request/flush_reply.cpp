#include "request/flush_reply.h"

#include "http/rate_guard.h"
#include "state/generation.h"

#include <algorithm>
#include <utility>

namespace ledgergate {

io::Task<Result<void>> flush_reply(Exchange& x) {
  io::Step step = x.reply->flush();
  if (step == io::Step::done) co_return Result<void>{};
  const settings::BodyRate& rate = x.generation->settings().body_rate;
  http::RateGuard guard(rate.bytes_per_second, ms(rate.over));
  guard.restart(x.wake->loop().now());
  std::size_t left = x.reply->undelivered();
  if (x.at_server != nullptr) x.at_server->rest(); // what it sends meanwhile stays in the kernels
  while (step == io::Step::blocked) {
    x.reply->rest();
    x.wake->deadline_at(guard.deadline());
    const auto happened = co_await x.wake->wait(io::kClientOut | io::kClientIn);
    if (caller_gone(x, happened)) co_return Error{Cause::client_gone};
    if ((happened & io::kExpired) != 0) {
      const std::size_t before = std::exchange(left, x.reply->undelivered());
      const bool enough = guard.moved(before - std::min(before, left), x.wake->loop().now());
      if (!enough || x.wake->halted()) co_return Error{Cause::client_write_timeout};
    }
    step = x.reply->flush();
  }
  if (step == io::Step::failed) co_return Error{Cause::client_gone};
  co_return Result<void>{};
}

} // namespace ledgergate
