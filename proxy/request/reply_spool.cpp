#include "request/reply_spool.h"

#include "request/flush_reply.h"
#include "request/stretch.h"
#include "state/flow.h"
#include "state/services.h"

#include <algorithm>
#include <utility>

namespace ledgergate {

namespace {

constexpr std::size_t kGiven = 64 * 1024;           // from the spool to the caller at once
constexpr std::size_t kPressedStretch = 256 * 1024; // a stretch through a compressor, which takes some ms

struct Lent {
  explicit Lent(io::BufferPool& its_pool) : pool(its_pool), block(its_pool.take(kGiven)) {}
  ~Lent() { pool.give(block); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  io::BufferPool& pool;
  io::Block block;
};

} // namespace

Error not_kept(const Error& why) {
  if (why.cause == Cause::spool_full) return {Cause::spool_failed, "the spool is full, or this client's share of it"};
  if (why.cause == Cause::body_too_large) return {Cause::spool_failed, "the reply is more than one client's share of the spool"};
  return why;
}

void open_reply_spool(Exchange& x) {
  http::SpoolPart part(x.services->shared().spool, flow_of(x));
  x.reply_spool.open(x.generation->snapshot->spool_directory, kHeldWhole, std::move(part), &x.wake->loop());
}

Result<bool> set_aside(Exchange& x, std::string_view body) {
  x.reply_spool.clear();
  if (body.size() <= kMaxHeld) return false; // what the caller does not take at once is no more than of a reply that is relayed
  open_reply_spool(x);
  const auto kept = x.reply_spool.append(body);
  if (!kept) return not_kept(kept.error());
  return true;
}

Result<void> hold_spooled(Exchange& x) {
  x.note.resize(static_cast<std::size_t>(x.reply_spool.size()));
  const auto read = x.reply_spool.read(0, x.note.data(), x.note.size());
  x.reply_spool.clear();
  if (!read) return read.error();
  return {};
}

Result<io::Step> give_stretch(Exchange& x, std::uint64_t& given) {
  const std::size_t stretch = x.pressed ? kPressedStretch : kStretch;
  const Lent lent(x.wake->loop().buffers()); // nothing is held while the caller is waited for
  for (std::size_t moved = 0; moved < stretch && given < x.reply_spool.size();) {
    const auto read = x.reply_spool.read(given, lent.block.data, std::min(lent.block.size, kGiven));
    if (!read) return read.error();
    x.reply->body({lent.block.data, *read});
    given += *read;
    moved += *read;
    x.reply_spool.release(given);
    const io::Step step = x.reply->flush();
    if (step == io::Step::failed) return Error{Cause::client_gone};
    if (step == io::Step::blocked) return step;
  }
  return io::Step::done;
}

io::Task<Result<void>> give_spooled(Exchange& x) {
  for (std::uint64_t given = 0; given < x.reply_spool.size();) {
    const auto moved = give_stretch(x, given);
    if (!moved) co_return moved.error();
    if (given == x.reply_spool.size()) break;
    const auto flushed = co_await flush_reply(x);
    if (!flushed) co_return flushed.error();
    co_await x.wake->next_round();
    if (x.wake->halted()) co_return Error{Cause::draining};
  }
  x.reply_spool.clear();
  co_return Result<void>{};
}

} // namespace ledgergate
