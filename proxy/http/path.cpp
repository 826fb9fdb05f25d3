// The path goes to the server as it came, so it must be harmless in the server's reading, which we don't know: mServer reads
// Windows-1250 on Windows (vendor document 001), 1C stands behind Apache or IIS, a shop behind PHP. So every reading that such
// servers are known for is tried, and one dot segment in one of them is enough to refuse:
//  * percent-decoded once, twice, and on until nothing changes;
//  * '\' as '/'; ';' parameters cut off ("..;/", Java servers), and what follows an encoded '?' or '#', or a ':' (NTFS streams);
//  * dots and blanks at the end of a name dropped (Windows: "..." and ".. " are ".."), so a name of nothing else is refused;
//  * overlong UTF-8 (RFC 3629 section 10): strict ones are refused outright; with other bytes than continuation bytes, as careless
//    decoders take them, they are read as what they would mean, because in Windows-1250 and 1251 they may be honest letters
//    (%C0%EF is "Ап" in 1251);
//  * Unicode look-alikes that become '.', '/' or '\' when a Windows code page or NFKC folds them.
// An encoded '/', '\', NUL or other control is refused whatever stands around it.
#include "http/path.h"

#include "base/prepare_thread.h"
#include "http/chars.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ledgergate::http {
namespace {

thread_local std::string further; // a further reading
const PreparedThread prepared([] { further.clear(); });

constexpr int most_rounds = 4; // of decoding; nobody honest encodes as often

// What a server may take a run of bytes for.
struct Symbol {
  char as = 0;
  std::size_t size = 1;
  bool refused = false;
};

std::uint32_t byte_at(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }

std::size_t overlong_size(std::uint32_t lead) noexcept {
  switch (lead) {
  case 0xC0:
  case 0xC1: return 2;
  case 0xE0: return 3;
  case 0xF0: return 4;
  case 0xF8: return 5;
  case 0xFC: return 6;
  default: return 0;
  }
}

bool special(std::uint32_t value) noexcept { return value == 0 || value == '.' || value == '/' || value == '\\' || value == '%'; }

// An ASCII character written with too many bytes, as a decoder would read it that takes any byte for a continuation byte.
std::optional<Symbol> overlong(std::string_view text, std::size_t at) noexcept {
  const std::size_t size = overlong_size(byte_at(text, at));
  if (size == 0 || size > text.size() - at) return std::nullopt;
  std::uint32_t value = byte_at(text, at) & 0x01; // C1 is the only one of the leads whose own bits reach an ASCII character
  bool strict = true;
  for (std::size_t i = 1; i < size; ++i) {
    const std::uint32_t next = byte_at(text, at + i);
    if (next == '/') return std::nullopt; // a slash is one in every reading
    strict = strict && (next & 0xC0) == 0x80;
    value = value << 6 | (next & 0x3F);
  }
  if (!special(value)) return std::nullopt;
  return Symbol{static_cast<char>(value), size, strict};
}

struct LookAlike {
  std::string_view bytes;
  char as;
};
constexpr LookAlike look_alikes[] = {
    {"\xEF\xBC\x8E", '.'},  // U+FF0E fullwidth full stop
    {"\xEF\xBC\x8F", '/'},  // U+FF0F fullwidth solidus
    {"\xEF\xBC\xBC", '\\'}, // U+FF3C fullwidth reverse solidus
    {"\xE2\x81\x84", '/'},  // U+2044 fraction slash
    {"\xE2\x88\x95", '/'},  // U+2215 division slash
    {"\xE2\x88\x96", '\\'}, // U+2216 set minus
    {"\xE2\x80\xA4", '.'},  // U+2024 one dot leader
    {"\xE2\x80\xA5", '.'},  // U+2025 two dot leader
    {"\xE2\x80\xA6", '.'},  // U+2026 ellipsis
    {"\xEF\xB9\x92", '.'},  // U+FE52 small full stop
    {"\xEF\xB9\xA8", '\\'}, // U+FE68 small reverse solidus
};

Symbol symbol_at(std::string_view text, std::size_t at) noexcept {
  if (byte_at(text, at) < 0x80) return Symbol{text[at]};
  if (const std::optional<Symbol> symbol = overlong(text, at)) return *symbol;
  for (const LookAlike& other : look_alikes) {
    if (text.substr(at, other.bytes.size()) == other.bytes) return Symbol{other.as, other.bytes.size()};
  }
  return Symbol{text[at]};
}

// Whether a segment is made of dots (and blanks) only, once parameters and their kin are cut off.
class Segment {
public:
  void add(char c) noexcept {
    if (c == ';' || c == ':' || c == '?' || c == '#') cut_ = true;
    if (cut_) return;
    if (c == '.')
      dots_ = true;
    else if (c != ' ')
      other_ = true;
  }
  [[nodiscard]] bool dots_only() const noexcept { return dots_ && !other_; }

private:
  bool dots_ = false;
  bool other_ = false;
  bool cut_ = false;
};

Result<void> check_segments(std::string_view text) noexcept {
  Segment segment;
  for (std::size_t at = 0; at < text.size();) {
    const Symbol symbol = symbol_at(text, at);
    if (symbol.refused) return Error{Cause::bad_target, "overlong UTF-8 in the path"};
    if (symbol.as == '/' || symbol.as == '\\') {
      if (segment.dots_only()) return Error{Cause::bad_target, "dot segment in the path"};
      segment = Segment{};
    } else {
      segment.add(symbol.as);
    }
    at += symbol.size;
  }
  if (segment.dots_only()) return Error{Cause::bad_target, "dot segment in the path"};
  return {};
}

enum class Decoded : std::uint8_t { same, changed, malformed, forbidden };

// Decodes `text` where it stands. What is no escape stays as it is, and makes the outcome `malformed`.
Decoded decode(std::string& text) noexcept {
  std::size_t from = text.find('%');
  if (from == std::string::npos) return Decoded::same;
  bool malformed = false;
  std::size_t to = from;
  while (from < text.size()) {
    char c = text[from];
    if (c == '%') {
      if (text.size() - from < 3 || !is(text[from + 1], hex_byte) || !is(text[from + 2], hex_byte)) {
        malformed = true;
      } else {
        c = static_cast<char>(hex_value(text[from + 1]) << 4 | hex_value(text[from + 2]));
        if (c == '/' || c == '\\' || !is(c, value_byte) || c == '\t') return Decoded::forbidden;
        from += 2;
      }
    }
    text[to++] = c;
    ++from;
  }
  text.resize(to);
  return malformed ? Decoded::malformed : Decoded::changed;
}

} // namespace

Result<void> read_path(std::string_view path, std::string& decoded) {
  decoded.assign(path);
  Decoded outcome = decode(decoded);
  if (outcome == Decoded::malformed) return Error{Cause::bad_target, "bad percent-encoding in the path"};
  if (outcome == Decoded::forbidden) return Error{Cause::bad_target, "encoded slash, backslash or control in the path"};
  Result<void> safe = check_segments(decoded);
  if (!safe || outcome == Decoded::same) return safe;

  // The further readings are only looked at. Their buffer stays with the thread, so that the steady state allocates nothing.
  further.assign(decoded);
  for (int round = 1; round < most_rounds; ++round) {
    const std::size_t before = further.size();
    if (decode(further) == Decoded::forbidden)
      return Error{Cause::bad_target, "doubly encoded slash, backslash or control in the path"};
    if (further.size() == before) return {};
    safe = check_segments(further);
    if (!safe) return safe;
  }
  return Error{Cause::bad_target, "path encoded too often"};
}

} // namespace ledgergate::http
