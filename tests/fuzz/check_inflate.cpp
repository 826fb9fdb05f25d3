#include "checks.h"
#include "http/inflate.h"
#include "require.h"

#include <array>
#include <string>
#include <zlib.h>

namespace ledgergate::fuzz {
namespace {

using http::Coding;

constexpr std::size_t kMost = 128 * 1024;

struct Decoded {
  std::string text;
  Result<void> end;
};

Decoded decode(Coding coding, const std::vector<std::string_view>& pieces) {
  Decoded got;
  http::Inflater inflater;
  require(inflater.start(coding, {kMost, 2000}).ok(), "memory");
  std::array<char, 4096> out{};
  for (std::string_view piece : pieces)
    for (;;) {
      const auto step = inflater.next(piece, out.data(), out.size());
      if (step.state == http::Inflater::State::failed) {
        got.end = inflater.error();
        return got;
      }
      got.text.append(out.data(), step.made);
      piece.remove_prefix(step.consumed);
      if (step.state == http::Inflater::State::more) break;
    }
  got.end = inflater.finish();
  return got;
}

// zlib alone, in one call: the text if the bytes are one whole stream.
bool decode_at_once(std::string_view bytes, int window_bits, std::string& text) {
  z_stream z{};
  if (inflateInit2(&z, window_bits) != Z_OK) return false;
  text.resize(kMost + 1);
  z.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(text.data());
  z.avail_out = static_cast<uInt>(text.size());
  const bool whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.avail_out > 0;
  text.resize(text.size() - z.avail_out);
  inflateEnd(&z);
  return whole;
}

std::string pack(std::string_view bytes, int window_bits) {
  z_stream z{};
  require(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK, "memory");
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())) + 32, '\0');
  z.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  require(deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib packs");
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

} // namespace

void check_inflate(std::string_view bytes) {
  const auto ways = cuts(bytes);
  for (const Coding coding : {Coding::gzip, Coding::deflate}) {
    const Decoded whole = decode(coding, ways.front());
    for (const auto& pieces : ways) {
      const Decoded cut = decode(coding, pieces);
      require(cut.end.ok() == whole.end.ok() && (!cut.end || cut.text == whole.text), "cutting changes nothing");
    }
    std::string text;
    const bool theirs = coding == Coding::gzip ? decode_at_once(bytes, 16 + MAX_WBITS, text)
                                               : decode_at_once(bytes, MAX_WBITS, text) || decode_at_once(bytes, -MAX_WBITS, text);
    if (whole.end) require(theirs && text == whole.text, "zlib reads the same");
  }
  const std::string packed = pack(bytes, 16 + MAX_WBITS);
  for (const auto& pieces : cuts(packed)) {
    const Decoded back = decode(Coding::gzip, pieces);
    require(back.end.ok() && back.text == bytes, "what was packed comes back");
  }
}

} // namespace ledgergate::fuzz
