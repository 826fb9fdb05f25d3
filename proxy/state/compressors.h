// A reply compressed on its way to the caller: a sink before the sink. What was flushed can be read at once; a reply that is cut
// has no trailer, so that no reader takes it for whole (docs/invariants.md, "A broken reply is seen as broken").
//
// Invariants
//  * Loop thread only. A worker has one Compressors, and every lease of it ends before it does.
//  * At most kAtWork are lent at once (kEach of memory each). Replies beyond that go as they are.
#pragma once

#include "http/deflate.h"
#include "state/reply_sink.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

class CompressedReply final : public ReplySink {
public:
  // Before a reply. False: no memory.
  [[nodiscard]] bool begin(http::Coding coding, int level) noexcept;
  // All of a body at once, good until the next begin(). Nothing, when it is not shorter that way. Throws std::bad_alloc.
  [[nodiscard]] std::optional<std::string_view> whole(std::string_view body);
  // Gives back what the last body needed, if that was much.
  void forget() noexcept;
  // What follows goes to `next`, which must outlive it.
  void before(ReplySink& next) noexcept { next_ = &next; }
  [[nodiscard]] ReplySink& behind() const noexcept { return *next_; }

  void head(const http::ReplyHead& reply, http::BodyKind body, std::uint64_t length) override { next_->head(reply, body, length); }
  void body(std::string_view bytes) override;
  void end() override;
  io::Step flush() override;
  void rest() noexcept override { next_->rest(); }
  [[nodiscard]] std::size_t undelivered() const override { return next_->undelivered(); }
  [[nodiscard]] bool take_back() override { return next_->take_back(); }
  void cut() override;

private:
  static constexpr std::size_t kKept = 16 * 1024;
  http::Compressor compressor_;
  ReplySink* next_ = nullptr;
  std::string whole_;
  bool gathered_ = false; // bytes were given that no flush has seen

  void press(std::string_view bytes, http::Compressor::Then then);
};

class Compressors;

struct GiveBackCompressor {
  Compressors* pool = nullptr;
  void operator()(CompressedReply* reply) const noexcept;
};
using CompressorLease = std::unique_ptr<CompressedReply, GiveBackCompressor>;

// The compressors of a worker, kept for reuse.
class Compressors {
public:
  static constexpr std::size_t kAtWork = 256;
  static constexpr std::size_t kEach = 300 * 1024; // bytes: what zlib's state takes, about
  static constexpr std::size_t kSpare = 8;

  Compressors() { spare_.reserve(kSpare); } // here: give_back() must not fail

  // Begun with that coding and level. Empty: too many are at work, or there is no memory.
  [[nodiscard]] CompressorLease lease(http::Coding coding, int level) noexcept;
  // Those that are kept for reuse are given back.
  void drop_spare() noexcept { spare_.clear(); }
  [[nodiscard]] std::size_t at_work() const noexcept { return at_work_; }

private:
  friend struct GiveBackCompressor;
  std::vector<std::unique_ptr<CompressedReply>> spare_;
  std::size_t at_work_ = 0;
  void give_back(CompressedReply* reply) noexcept;
};

} // namespace ledgergate
