#include "http/deflate.h"

#include <algorithm>
#include <limits>

namespace ledgergate::http {
namespace {

constexpr int kMemLevel = 8; // zlib's default: 128 KiB for the hash, as much for the block
constexpr int kZlib = 15;    // windowBits (zlib.h, deflateInit2)
constexpr int kGzip = 15 + 16;

} // namespace

Compressor::~Compressor() {
  if (coding_ != Coding::identity) deflateEnd(&stream_);
}

bool Compressor::begin(Coding coding, int level) noexcept {
  left_ = {};
  done_ = true;
  // deflateParams() right behind a reset changes the level and writes nothing.
  if (coding_ == coding && deflateReset(&stream_) == Z_OK && deflateParams(&stream_, level, Z_DEFAULT_STRATEGY) == Z_OK)
    return true;
  if (coding_ != Coding::identity) deflateEnd(&stream_);
  stream_ = {};
  const int window = coding == Coding::gzip ? kGzip : kZlib;
  const bool made = deflateInit2(&stream_, level, Z_DEFLATED, window, kMemLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  coding_ = made ? coding : Coding::identity;
  return made;
}

void Compressor::give(std::string_view bytes, Then then) noexcept {
  left_ = bytes;
  then_ = then == Then::end ? Z_FINISH : then == Then::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  done_ = false;
}

bool Compressor::take(std::string_view& out) noexcept {
  while (!done_) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    const auto given = static_cast<uInt>(std::min(left_.size(), most));
    stream_.next_in = reinterpret_cast<const Bytef*>(left_.data());
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    const int result = deflate(&stream_, given == left_.size() ? then_ : Z_NO_FLUSH);
    const std::size_t consumed = given - stream_.avail_in;
    left_.remove_prefix(consumed);
    const bool made = stream_.avail_out != piece_.size();
    // Room that is left over says that nothing is held back (zlib.h, deflate); what does not move never will.
    done_ = result == Z_STREAM_END || (stream_.avail_out != 0 && left_.empty()) || (!made && consumed == 0);
    if (!made) continue;
    out = {piece_.data(), piece_.size() - stream_.avail_out};
    return true;
  }
  return false;
}

} // namespace ledgergate::http
