// A connection that was switched to WebSocket (RFC 6455): from the verified 101 on bytes go both ways as they come, each way at the
// pace of who takes them. Nothing in them is read.
#include "request/tunnel.h"

#include "request/judge_again.h"
#include "state/services.h"

#include <algorithm>

namespace ledgergate {
namespace {

constexpr std::size_t kInFlight = 16 * 1024; // taken from one side and not yet by the other; then the one waits
constexpr std::size_t kRoom = 44 * 1024;     // plaintext taken off TLS at once
constexpr io::TimeMs kQuietMs = 1000;        // a drain ends a tunnel in which nothing moved for so long

struct Direction {
  io::Stream& from;
  io::Stream& to;
  io::Events in, out; // `from` has something; `to` has taken something
  Cause from_broke;   // whose doing it is when a side breaks
  Cause to_broke;
  std::int64_t& counted; // bytes, for the log
  bool full = false;     // `to` takes no more for now
  bool over = false;     // `from` has ended its side; the end went on
};

// Everything that can be moved now.
Result<void> move(Direction& way) {
  while (!way.over) {
    way.full = way.to.unsent() >= kInFlight;
    if (way.full) {
      if (way.to.flush() == io::Step::failed) return Error{way.to_broke};
      way.full = way.to.unsent() >= kInFlight;
      if (way.full) return {};
    }
    if (const std::string_view bytes = way.from.input(); !bytes.empty()) {
      if (!way.to.write(bytes)) return Error{way.to_broke};
      way.counted += static_cast<std::int64_t>(bytes.size());
      way.from.consume(bytes.size());
    }
    const io::Step step = way.from.fill(kRoom);
    if (step == io::Step::done) continue;
    if (step == io::Step::failed) return Error{way.from_broke};
    if (step == io::Step::ended) {
      // Without close_notify, too: an end that was meant is told by frames of the protocol itself (RFC 6455 section 7.1.4).
      way.to.end_output();
      way.over = true;
    }
    if (way.to.flush() == io::Step::failed) return Error{way.to_broke};
    break;
  }
  return {};
}

// What this way waits for.
io::Events wants(Direction& way) {
  if (way.full || (way.over && way.to.unsent() != 0)) return way.out;
  if (way.over) return 0;
  way.from.want_input();
  return way.in;
}

} // namespace

io::Task<Result<void>> tunnel(Exchange& x, io::Stream& server) {
  io::Stream* const client = x.reply->switch_protocols(x.answer);
  if (client == nullptr) co_return Error{Cause::upgrade_failed, "the caller's protocol can't be switched"};
  x.record.status = x.answer.status;
  x.head_sent = true;
  server.consume(x.answer_head);
  client->read_at_most(io::Loop::kReadSize);
  const settings::ServerTimeouts& timeouts = x.facts.server->timeouts;
  std::int64_t up_bytes = 0;
  std::int64_t down_bytes = 0;
  Direction up{*client, server, io::kClientIn, io::kServerOut, Cause::client_gone, Cause::reply_truncated, up_bytes};
  Direction down{server, *client, io::kServerIn, io::kClientOut, Cause::reply_truncated, Cause::client_gone, down_bytes};
  Result<void> outcome;
  if (x.reply->flush() == io::Step::failed) outcome = Error{Cause::client_gone};
  io::TimeMs moved_at = x.wake->loop().now();
  std::uint64_t moved = 0;
  while (outcome) {
    outcome = move(up);
    if (outcome) outcome = move(down);
    const bool has_all = down.over && client->unsent() == 0;
    if (!outcome && has_all) { // the caller does not wait for the ceremony
      outcome = {};
      break;
    }
    if (!outcome || (up.over && has_all && server.unsent() == 0)) break;
    const io::TimeMs now = x.wake->loop().now();
    // Taken by the kernel counts, so that a side which takes little is not idle.
    const std::uint64_t sum = static_cast<std::uint64_t>(up_bytes + down_bytes) + server.sent() + client->sent();
    if (sum != moved) moved_at = now;
    moved = sum;
    // A WebSocket's owners ping; where one side has ended, the other has only to finish.
    io::TimeMs patience = ms(up.over || down.over ? std::min(timeouts.stall, timeouts.tunnel) : timeouts.tunnel);
    if (x.services->draining()) patience = std::min(patience, kQuietMs);
    if (now >= moved_at + patience) {
      if (server.unsent() != 0) outcome = Error{Cause::upstream_write_timeout, "a tunnel"};
      if (client->unsent() != 0) outcome = Error{Cause::client_write_timeout, "a tunnel"};
      break;
    }
    const io::Events events = wants(up) | wants(down) | io::kDrain;
    x.wake->deadline_at(moved_at + patience);
    const auto happened = co_await x.wake->wait(events);
    // A reload, or a changed revocation list: who would not be let in any more does not stay, either.
    if ((happened & io::kDrain) != 0) outcome = judge_again(x, Progress::at_server);
    if (x.wake->halted()) outcome = Error{Cause::draining};
  }
  x.record.bytes_in += static_cast<std::uint64_t>(up_bytes);
  x.record.bytes_out += static_cast<std::uint64_t>(down_bytes);
  if (!outcome)
    server.reset(); // docs/invariants.md, "A broken reply is seen as broken"; refuse() does the same to the caller
  else
    server.end_output();
  co_return outcome;
}

} // namespace ledgergate
