#include "inspect/inflate.h"

#include "http/chars.h"
#include "http/head.h"

#include <algorithm>
#include <limits>
#include <new>
#include <zlib.h>

namespace ledgergate::inspect {
namespace {

constexpr Error kOpen{Cause::body_unreadable, "the compressed body is incomplete"};
constexpr Error kBroken{Cause::body_unreadable, "the compressed body is broken"};
constexpr Error kBehind{Cause::body_unreadable, "bytes behind the end of the compressed body"};
constexpr Error kTwoWays{Cause::body_unreadable, "a deflate body that can be read in two ways"};
constexpr Error kBomb{Cause::body_too_large, "the body grows too much when it is decompressed"};
constexpr Error kTooLarge{Cause::body_too_large, "the decompressed body is too large"};

constexpr unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }

// RFC 1950 section 2.2: method 8, a window of at most 32 KiB, and a check of both bytes.
bool begins_zlib(const char* first) noexcept {
  const unsigned cmf = byte(first[0]);
  return (cmf & 0x0F) == 8 && (cmf >> 4) <= 7 && (cmf * 256 + byte(first[1])) % 31 == 0;
}

// As raw DEFLATE every zlib header begins a stored block (RFC 1951 section 3.2.4), which is one only when its length is followed by
// the complement of it.
bool begins_stored(const char* first) noexcept {
  return (byte(first[1]) ^ byte(first[3])) == 0xFF && (byte(first[2]) ^ byte(first[4])) == 0xFF;
}

} // namespace

std::optional<Coding> coding_named(std::string_view content_encoding) noexcept {
  const std::string_view name = http::trim(content_encoding);
  if (name.empty() || http::iequals(name, "identity")) return Coding::identity;
  if (http::iequals(name, "gzip") || http::iequals(name, "x-gzip")) return Coding::gzip;
  if (http::iequals(name, "deflate")) return Coding::deflate;
  return std::nullopt;
}

Inflater::Inflater(Coding coding, InflateBounds bounds) noexcept : bounds_(bounds), coding_(coding) {}
Inflater::~Inflater() = default;

void Inflater::End::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

Result<void> Inflater::begin(int window_bits) noexcept {
  std::unique_ptr<z_stream_s> fresh(new (std::nothrow) z_stream_s{});
  if (!fresh || inflateInit2(fresh.get(), window_bits) != Z_OK) return Error{Cause::out_of_memory};
  stream_.reset(fresh.release());
  started_ = true;
  return {};
}

// "deflate" means zlib's format (RFC 9110 section 8.4.1.2), and there have always been clients that send the raw one. Which it is
// shows in the first two bytes; a body that would also be good in the other reading (one in 65,536) is refused, since nobody knows
// which one the server takes.
Result<void> Inflater::start(std::string_view& in) noexcept {
  if (coding_ == Coding::gzip) return begin(16 + MAX_WBITS);
  const std::size_t wanted = first_.size() - first_size_;
  const std::size_t size = std::min(wanted, in.size());
  std::copy_n(in.data(), size, first_.data() + first_size_);
  first_size_ += size;
  in.remove_prefix(size);
  if (size < wanted) return {};
  const bool zlib = begins_zlib(first_.data());
  if (zlib && begins_stored(first_.data())) return kTwoWays;
  return begin(zlib ? MAX_WBITS : -MAX_WBITS);
}

Result<std::size_t> Inflater::inflate(std::string_view& in, char* out, std::size_t size) noexcept {
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  z_stream_s& z = *stream_;
  z.next_in = reinterpret_cast<const Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(std::min(in.size(), most));
  z.next_out = reinterpret_cast<Bytef*>(out);
  z.avail_out = static_cast<uInt>(std::min(size, most));
  const uInt had = z.avail_in;
  const uInt room = z.avail_out;
  const int state = ::inflate(&z, Z_NO_FLUSH);
  const std::size_t used = had - z.avail_in;
  const std::size_t made = room - z.avail_out;
  in.remove_prefix(used);
  taken_ += used;
  given_ += made;
  if (state == Z_MEM_ERROR) return Error{Cause::out_of_memory};
  // Z_BUF_ERROR: no progress without more input. Z_NEED_DICT: a preset dictionary, which HTTP has none of.
  if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return kBroken;
  ended_ = state == Z_STREAM_END;
  if (given_ > bounds_.decoded) return kTooLarge;
  if (given_ > bounds_.free && given_ > taken_ * bounds_.ratio) return kBomb;
  return made;
}

Result<std::size_t> Inflater::decode(std::string_view& in, char* out, std::size_t size) noexcept {
  if (coding_ == Coding::identity) {
    const std::size_t made = std::min(in.size(), size);
    std::copy_n(in.data(), made, out);
    in.remove_prefix(made);
    given_ += made;
    if (given_ > bounds_.decoded) return kTooLarge;
    return made;
  }
  if (!started_) {
    const auto begun = start(in);
    if (!begun) return begun.error();
    if (!started_) return std::size_t{0};
  }
  std::size_t made = 0;
  while (made < size) {
    // RFC 1952 section 2.2 lets members follow each other, and readers differ: some join them, some stop behind the first one and
    // never see what the rest says. Clients send one, so a second one is refused like any other bytes behind the end.
    if (ended_) {
      if (!in.empty()) return kBehind;
      break;
    }
    std::string_view held(first_.data() + first_.size() - first_size_, first_size_);
    const bool from_held = first_size_ > 0;
    std::string_view& source = from_held ? held : in;
    const auto step = inflate(source, out + made, size - made);
    if (!step) return step.error();
    made += *step;
    if (from_held) {
      first_size_ = held.size();
      if (ended_ && first_size_ > 0) return kBehind;
      if (*step == 0 && first_size_ > 0) break;
      continue;
    }
    if (*step == 0 && in.empty()) break;
  }
  return made;
}

Result<void> Inflater::finish() const noexcept {
  if (coding_ == Coding::identity || ended_) return {};
  return kOpen;
}

} // namespace ledgergate::inspect
