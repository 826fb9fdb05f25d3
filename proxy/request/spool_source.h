// A body that was spooled whole, as a source: it can be read again.
#pragma once

#include "http/spool.h"
#include "state/body_source.h"

namespace ledgergate {

class SpoolSource final : public BodySource {
public:
  // Both must outlive the source.
  SpoolSource(const http::Spool& spool, io::BufferPool& buffers) : spool_(spool), buffers_(buffers) {}
  ~SpoolSource() { let_go(); }
  SpoolSource(const SpoolSource&) = delete;
  SpoolSource& operator=(const SpoolSource&) = delete;

  void rewind() noexcept { offset_ = 0; }
  // Nothing will be pulled for a while.
  void let_go() noexcept { buffers_.give(block_); }
  io::Step pull(std::string_view& bytes) override {
    if (!block_) block_ = buffers_.take(kBlock);
    const auto read = spool_.read(offset_, block_.data, block_.size);
    if (!read) return io::Step::failed;
    if (*read == 0) {
      let_go();
      return io::Step::ended;
    }
    offset_ += *read;
    bytes = {block_.data, *read};
    return io::Step::done;
  }
  void want() override {}
  void limit(std::uint64_t) override {}
  void invite() override {}
  [[nodiscard]] Error error() const override { return {Cause::spool_failed, "the spool file can't be read"}; }
  [[nodiscard]] bool complete() const override { return offset_ == spool_.size(); }
  [[nodiscard]] bool caller_gone() override { return false; }
  [[nodiscard]] bool caller_left() override { return false; }

private:
  static constexpr std::size_t kBlock = 64 * 1024;
  const http::Spool& spool_;
  io::BufferPool& buffers_;
  io::Block block_;
  std::uint64_t offset_ = 0;
};

} // namespace ledgergate
