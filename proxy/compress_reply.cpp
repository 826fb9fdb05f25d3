#include "compress_reply.h"

#include "route/encoding.h"
#include "story.h"
#include "worker.h"

#include <new>
#include <optional>
#include <utility>

namespace ledgergate {

using Then = http::Compressor::Then;

// --- the sink -----------------------------------------------------------------------------------------------------------------

bool CompressedReply::begin(http::Coding coding, int level) noexcept {
  gathered_ = false;
  next_ = nullptr;
  return compressor_.begin(coding, level);
}

std::optional<std::string_view> CompressedReply::whole(std::string_view body) {
  whole_.clear();
  compressor_.give(body, Then::end);
  for (std::string_view piece; compressor_.take(piece);) {
    if (whole_.size() + piece.size() >= body.size()) return std::nullopt;
    whole_.append(piece);
  }
  return whole_;
}

void CompressedReply::forget() noexcept {
  if (whole_.capacity() > kKept) std::string().swap(whole_);
}

void CompressedReply::press(std::string_view bytes, Then then) {
  compressor_.give(bytes, then);
  for (std::string_view piece; compressor_.take(piece);) next_->body(piece);
}

void CompressedReply::body(std::string_view bytes) {
  if (bytes.empty()) return;
  press(bytes, Then::gather);
  gathered_ = true;
}

void CompressedReply::end() {
  press({}, Then::end);
  gathered_ = false;
  next_->end();
}

// Whoever flushes is about to wait: a caller must not wait with it for what has come already.
io::Step CompressedReply::flush() {
  if (gathered_) press({}, Then::flush);
  gathered_ = false;
  return next_->flush();
}

void CompressedReply::cut() {
  gathered_ = false;
  next_->cut();
}

// --- their pool ---------------------------------------------------------------------------------------------------------------

CompressorLease Compressors::lease(http::Coding coding, int level) noexcept {
  if (at_work_ >= kAtWork) return {};
  CompressedReply* reply = nullptr;
  if (spare_.empty()) {
    reply = new (std::nothrow) CompressedReply;
    if (reply == nullptr) return {};
  } else {
    reply = spare_.back().release();
    spare_.pop_back();
  }
  ++at_work_;
  CompressorLease lease(reply, GiveBackCompressor{this});
  if (!lease->begin(coding, level)) lease.reset();
  return lease;
}

void Compressors::give_back(CompressedReply* reply) noexcept {
  std::unique_ptr<CompressedReply> owned(reply);
  owned->forget();
  --at_work_;
  if (spare_.size() < kSpare) spare_.push_back(std::move(owned));
}

void GiveBackCompressor::operator()(CompressedReply* reply) const noexcept { pool->give_back(reply); }

// --- in the story -------------------------------------------------------------------------------------------------------------

namespace {

using route::Encoding;

// A reply of unknown length needs a reader of chunks (docs/invariants.md, "What the client could decode before"); a short one is
// held and gets its length. None while memory is short: it is what a compressor takes much of.
CompressorLease lease(Exchange& x, http::Coding coding) {
  if (coding == http::Coding::identity || x.worker->shared().short_of_memory.load(std::memory_order_relaxed)) return {};
  return x.worker->compressors().lease(coding, x.facts.route->compress.level);
}

bool held_whole(std::optional<std::uint64_t> length) { return length && *length <= kHeldWhole; }

void tell(Exchange& x, http::Coding coding, http::BodyKind kind, std::uint64_t length) {
  route::tell_encoding(x.answer, coding, x.told, x.weak_etag);
  x.reply->head(x.told, kind, length);
}

// HEAD and 304: what GET would say (RFC 9110 section 9.3.2), but for the length that only compressing tells.
void tell_without_body(Exchange& x) {
  const auto length = route::named_length(x.answer);
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, length);
  if (!encoding.possible) return x.reply->head(x.answer, http::BodyKind::none, 0);
  const bool can = x.answer.status == 304 || held_whole(length) || http::knows_chunked(x.request);
  tell(x, can ? encoding.coding : http::Coding::identity, http::BodyKind::none, 0);
}

} // namespace

bool compresses_held(const Exchange& x, std::uint64_t length) {
  if (!x.facts.route->compress.enabled || !held_whole(length)) return false;
  return route::choose_encoding(x.facts, x.answer, length).coding != http::Coding::identity;
}

void send_encoded_head(Exchange& x, http::BodyKind kind, std::uint64_t length) {
  if (kind == http::BodyKind::none) return tell_without_body(x);
  const auto known = kind == http::BodyKind::length ? std::optional(length) : std::nullopt;
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, known);
  if (!encoding.possible) return x.reply->head(x.answer, kind, length);
  if (http::knows_chunked(x.request)) x.pressed = lease(x, encoding.coding);
  if (!x.pressed) return tell(x, http::Coding::identity, kind, length);
  tell(x, encoding.coding, http::BodyKind::chunked, 0);
  x.pressed->before(*x.reply);
  x.reply = x.pressed.get();
}

Result<void> send_encoded(Exchange& x, std::string_view body) {
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, body.size());
  const CompressorLease compressor = lease(x, encoding.coding);
  const auto shorter = compressor ? compressor->whole(body) : std::nullopt;
  if (shorter) body = *shorter;
  const auto aside = set_aside(x, body);
  if (!aside) return aside.error();
  x.record.status = x.answer.status;
  x.head_sent = true;
  if (encoding.possible)
    tell(x, shorter ? encoding.coding : http::Coding::identity, http::BodyKind::length, body.size());
  else
    x.reply->head(x.answer, http::BodyKind::length, body.size());
  if (!*aside) x.reply->body(body);
  return {};
}

} // namespace ledgergate
