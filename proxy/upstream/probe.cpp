#include "upstream/probe.h"

#include "http/reply_reader.h"
#include "upstream/connect.h"

#include <algorithm>
#include <utility>

namespace ledgergate::upstream {
namespace {

using io::Step;
using State = http::ReplyReader::State;

constexpr std::uint32_t kLargestHead = 16 * 1024;
constexpr std::size_t kLargestBody = 64 * 1024;

io::Task<Result<void>> send(io::Wake& wake, io::Stream& stream, const Question& question) {
  stream.write(question.bytes);
  for (;;) {
    const Step step = stream.flush();
    if (step == Step::done) co_return Result<void>{};
    if (step != Step::blocked) co_return Error{Cause::upstream_write_failed};
    const auto happened = co_await wake.wait(io::kServerOut);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::upstream_write_timeout};
  }
}

Error broken(const io::Stream& stream, const http::ReplyReader& reader, bool began) {
  if (began || !reader.head().empty()) return {Cause::reply_truncated};
  return {stream.failed() ? Cause::upstream_reset : Cause::upstream_closed};
}

io::Task<Result<ProbeReply>> receive(io::Wake& wake, io::Stream& stream, http::Method method) {
  http::ReplyReader reader(method, kLargestHead);
  ProbeReply reply;
  for (;;) {
    std::size_t used = 0;
    const State state = reader.take(stream.input(), used, &reply.body);
    stream.consume(used);
    if (state == State::failed) co_return reader.error();
    if (reply.body.size() > kLargestBody) co_return Error{Cause::reply_unparsable, "more than 64 KiB"};
    bool done = state == State::done;
    if (!done) {
      const Step step = stream.fill();
      if (step == Step::done) continue;
      done = step == Step::ended && reader.may_end(stream.ended_cleanly());
      if (!done && step != Step::blocked) co_return broken(stream, reader, !stream.input().empty());
    }
    if (done) {
      reply.status = reader.status();
      reply.head = reader.head();
      reply.content_type = reader.content_type();
      co_return std::move(reply);
    }
    stream.want_input();
    const auto happened = co_await wake.wait(io::kServerIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::reply_timeout};
  }
}

} // namespace

io::Task<Result<ProbeReply>> ask(io::Wake& wake, Resolver& resolver, Pool& pool, const Question& question,
                                 io::Stream::Ptr& stream) {
  const io::TimeMs end = wake.loop().now() + question.patience;
  const auto connecting = static_cast<io::TimeMs>(pool.server().timeouts.connect.count());
  const io::TimeMs first = std::min(question.patience, connecting);
  Result<io::Stream::Ptr> connected = Error{Cause::connect_failed};
  if (question.addresses.empty())
    connected = co_await connect_within(wake, resolver, pool, first);
  else
    connected = co_await connect_to_one_of(wake, question.addresses, pool, first);
  if (!connected) co_return connected.error();
  stream = std::move(*connected);
  wake.deadline_at(end);
  const auto sent = co_await send(wake, *stream, question);
  if (!sent) co_return sent.error();
  co_return co_await receive(wake, *stream, question.method);
}

bool has_ended(io::Stream& stream) noexcept {
  for (;;) {
    const Step step = stream.fill();
    if (step == Step::done) {
      stream.consume(stream.input().size());
      continue;
    }
    if (step != Step::blocked) return true;
    stream.want_input();
    return false;
  }
}

io::Task<void> part(io::Wake& wake, io::Stream& stream) {
  stream.end_output();
  wake.deadline_in(kFinMs);
  while (!has_ended(stream)) {
    const auto happened = co_await wake.wait(io::kServerIn);
    if ((happened & io::kExpired) != 0) co_return;
  }
}

} // namespace ledgergate::upstream
