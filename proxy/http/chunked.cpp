#include "http/chunked.h"

#include "http/chars.h"

#include <algorithm>

namespace ledgergate::http {
namespace {

constexpr std::uint32_t most_digits = 15;      // 60 bits: no sum of sizes can overflow
constexpr std::uint32_t most_extension = 4096; // of the whole body: tiny chunks with long extensions are an old attack
constexpr std::uint32_t most_trailer = 8192;

} // namespace

void ChunkDecoder::reset() noexcept { *this = ChunkDecoder{}; }

bool ChunkDecoder::extra(std::uint32_t most) noexcept { return ++extra_ <= most; }

// RFC 9112 section 7.1.1: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ). None is understood, so all are dropped;
// but where readers differ on the end of one (a line end in quotes, or none that closes), they differ on where the data begin.
bool ChunkDecoder::judge_extension(char c) noexcept {
  const bool blank = c == ' ' || c == '\t';
  const bool token = is(c, token_byte);
  const At before = at_;
  switch (before) {
  case At::extension:
    if (token) at_ = At::extension_name;
    return (token || blank) && extra(most_extension);
  case At::extension_name:
  case At::extension_name_end:
    if (c == '=')
      at_ = At::extension_value;
    else if (blank)
      at_ = At::extension_name_end;
    else if (token)
      return before == At::extension_name && extra(most_extension);
    else
      break;
    return extra(most_extension);
  case At::extension_value:
    if (c == '"')
      at_ = At::extension_quoted;
    else if (token)
      at_ = At::extension_word;
    else if (!blank)
      return false;
    return extra(most_extension);
  case At::extension_word:
    if (token) return extra(most_extension);
    break;
  case At::extension_quoted:
    if (c == '"') at_ = At::extension_end;
    if (c == '\\') at_ = At::extension_escape;
    return is(c, value_byte) && extra(most_extension);
  case At::extension_escape: at_ = At::extension_quoted; return is(c, value_byte) && extra(most_extension);
  default: break;
  }
  // The end of this one; behind blanks only if another begins.
  if (c == '\r') {
    at_ = At::size_lf;
    return before != At::extension_name_end && before != At::extension_gap;
  }
  at_ = blank ? At::extension_gap : At::extension;
  return (blank || c == ';') && extra(most_extension);
}

// One byte of framing. False when it must not be there.
bool ChunkDecoder::judge(char c) noexcept {
  switch (at_) {
  case At::size:
    if (is(c, hex_byte)) {
      left_ = left_ * 16 + hex_value(c);
      return ++digits_ <= most_digits;
    }
    // Nothing else may stand here: no sign, no 0x, no blank before or behind the digits.
    if (digits_ == 0) return false;
    at_ = c == '\r' ? At::size_lf : At::extension;
    return c == '\r' || (c == ';' && extra(most_extension));
  case At::extension:
  case At::extension_name:
  case At::extension_name_end:
  case At::extension_value:
  case At::extension_word:
  case At::extension_quoted:
  case At::extension_escape:
  case At::extension_end:
  case At::extension_gap: return judge_extension(c);
  case At::size_lf:
    at_ = left_ > 0 ? At::data : At::trailer_start;
    if (left_ == 0) extra_ = 0; // the last chunk: from here on it counts trailers
    return c == '\n';
  case At::data_cr: at_ = At::data_lf; return c == '\r';
  case At::data_lf:
    at_ = At::size;
    digits_ = 0;
    return c == '\n';
  case At::trailer_start:
    at_ = c == '\r' ? At::end_lf : At::trailer_name;
    return c == '\r' || (is(c, token_byte) && extra(most_trailer));
  case At::trailer_name:
    if (c == ':') at_ = At::trailer_value;
    return (c == ':' || is(c, token_byte)) && extra(most_trailer);
  case At::trailer_value:
    if (c == '\r') at_ = At::trailer_lf;
    return (c == '\r' || is(c, value_byte)) && extra(most_trailer);
  case At::trailer_lf: at_ = At::trailer_start; return c == '\n' && extra(most_trailer);
  case At::end_lf: at_ = At::done; return c == '\n';
  case At::data:
  case At::done:
  case At::failed: break;
  }
  return false;
}

ChunkDecoder::Step ChunkDecoder::next(std::string_view in) noexcept {
  std::size_t used = 0;
  while (at_ != At::done && at_ != At::failed) {
    if (used == in.size()) return {State::more, used, {}};
    if (at_ == At::data) {
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
      left_ -= size;
      if (left_ == 0) at_ = At::data_cr;
      return {State::data, used + size, in.substr(used, size)};
    }
    if (!judge(in[used])) {
      at_ = At::failed;
      break;
    }
    ++used;
  }
  return {at_ == At::done ? State::done : State::failed, used, {}};
}

std::size_t write_chunk_size(std::uint64_t size, char* out) noexcept {
  std::size_t length = 1;
  for (std::uint64_t rest = size >> 4; rest != 0; rest >>= 4) ++length;
  for (std::size_t i = length; i-- > 0; size >>= 4) out[i] = "0123456789abcdef"[size & 0xF];
  out[length] = '\r';
  out[length + 1] = '\n';
  return length + 2;
}

} // namespace ledgergate::http
