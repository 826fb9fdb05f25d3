#include "state/compressors.h"

#include <new>
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

} // namespace ledgergate
