#include "http/inflate.h"

#include <algorithm>
#include <limits>

namespace ledgergate::http {
namespace {

// zlib's windowBits (zlib.h, inflateInit2): 15 with its own wrapper, + 16 with gzip's, negative with none.
constexpr int kZlib = 15;
constexpr int kGzip = 15 + 16;
constexpr int kBare = -15;

// CM 8 in the lower half of CMF (RFC 1950 section 2.2). A bare stream that began so would be a stored block with padding that is
// not zero, which no encoder writes, but decoders read (RFC 1951 section 3.2.4): see two_ways().
bool begins_zlib(char first) noexcept { return (static_cast<unsigned char>(first) & 0x0FU) == 8; }

} // namespace

Inflater::~Inflater() {
  if (made_state_) inflateEnd(&stream_);
}

bool Inflater::window(int bits) noexcept {
  stream_.next_in = nullptr;
  stream_.avail_in = 0;
  if (made_state_) return inflateReset2(&stream_, bits) == Z_OK;
  made_state_ = inflateInit2(&stream_, bits) == Z_OK;
  return made_state_;
}

Result<void> Inflater::start(Coding coding, Bounds bounds) noexcept {
  bounds_ = bounds;
  taken_ = made_ = 0;
  ended_ = failed_ = false;
  error_ = {};
  zlib_ = false;
  sniff_ = coding == Coding::deflate;
  if (window(coding == Coding::gzip ? kGzip : kZlib)) return {};
  return Error{Cause::out_of_memory};
}

Inflater::Step Inflater::fail(Error error) noexcept {
  failed_ = true;
  error_ = error;
  return {State::failed, 0, 0};
}

// Whether what begins a zlib stream would also begin a bare one: a stored block's length, and its complement, behind the first
// byte.
bool Inflater::two_ways(std::string_view consumed) noexcept {
  for (std::size_t i = 0; i < consumed.size() && taken_ + i < first_.size(); ++i)
    first_[static_cast<std::size_t>(taken_) + i] = static_cast<unsigned char>(consumed[i]);
  if (taken_ >= first_.size() || taken_ + consumed.size() < first_.size()) return false;
  return (first_[1] ^ first_[3]) == 0xFF && (first_[2] ^ first_[4]) == 0xFF;
}

Inflater::Step Inflater::next(std::string_view in, char* out, std::size_t room) noexcept {
  if (failed_) return {State::failed, 0, 0};
  if (ended_) {
    if (in.empty()) return {State::more, 0, 0};
    return fail({Cause::body_unreadable, "bytes behind the end of the compressed body"});
  }
  if (sniff_ && !in.empty()) {
    sniff_ = false;
    zlib_ = begins_zlib(in.front());
    if (!zlib_ && !window(kBare)) return fail({Cause::out_of_memory});
  }

  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  const auto given = static_cast<uInt>(std::min(in.size(), most));
  const auto space = static_cast<uInt>(std::min(room, most));
  stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
  stream_.avail_in = given;
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = space;
  const int result = inflate(&stream_, Z_NO_FLUSH);
  const std::size_t consumed = given - stream_.avail_in;
  const std::size_t made = space - stream_.avail_out;
  if (zlib_ && two_ways(in.substr(0, consumed)))
    return fail({Cause::body_unreadable, "a deflate body that can be read in two ways"});
  taken_ += consumed;
  made_ += made;

  if (result == Z_MEM_ERROR) return fail({Cause::out_of_memory});
  // Z_BUF_ERROR: neither input nor room was used, which is no failure of the data.
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
    return fail({Cause::body_unreadable, "the compressed body is damaged"});
  ended_ = result == Z_STREAM_END;
  if (bounds_.size != 0 && made_ > bounds_.size) return fail({Cause::body_too_large, "once it is decompressed"});
  if (made_ > kFreeBytes && made_ / bounds_.ratio > taken_) return fail({Cause::body_too_large, "compressed beyond belief"});
  return {made == 0 && consumed == in.size() ? State::more : State::data, consumed, made};
}

Result<void> Inflater::finish() noexcept {
  if (failed_) return error_;
  if (!ended_) {
    fail({Cause::body_unreadable, "the compressed body is incomplete"});
    return error_;
  }
  return {};
}

} // namespace ledgergate::http
