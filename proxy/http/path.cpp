// The path goes to the server as it came, so it must be harmless in the server's reading, which we don't know: mServer reads
// Windows-1250 on Windows (docs/vendors.md, mServer), 1C stands behind Apache or IIS, a shop behind PHP. So every reading that such
// servers are known for is tried (docs/paths.md), and one dot segment in one of them is enough to refuse:
//  * percent-decoded once, twice, and on until nothing changes;
//  * '\' as '/', and either of them encoded; ';' parameters cut off ("..;/", Java servers), and what follows an encoded '?' or '#',
//    or a ':' (NTFS streams);
//  * dots and blanks at the end of a name dropped (Windows: "..." and ".. " are ".."), so a name of nothing else is refused;
//  * overlong UTF-8 (RFC 3629 section 10): strict ones are refused outright; with other bytes than continuation bytes, as careless
//    decoders take them, they are read as what they would mean, because in Windows-1250 and 1251 they may be honest letters
//    (%C0%EF is "Ап" in 1251);
//  * what becomes '.', '/', '\' or '%' when a Windows code page or NFKC folds it.
// Encoded slashes inside a name are sound, also in a row: OData's keys ("http://a", "\\host\share") and PHP's rawurlencode() write
// them. One that stands where a name should begin is refused: who joins paths ("/srv/files" and "/etc/x", or "\\host\share") would
// begin a new one there. NUL and other controls are refused whatever stands around them.
#include "http/path.h"

#include "base/prepare_thread.h"
#include "http/letters.h"
#include "http/path_readings.h"
#include "http/percent.h"

#include <algorithm>
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
  bool doubtful = false;          // it is this to careless decoders only, and may be honest letters
  std::u16string_view spelt = {}; // what a letter becomes; empty: `as`
};

// Letters that are one thing to Unicode and another to Windows' code pages (http/letters.h).
enum class Fits : bool { unicode, windows };

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
  return Symbol{static_cast<char>(value), size, strict, !strict};
}

Symbol symbol_at(std::string_view text, std::size_t at, Fits fits) noexcept {
  if (byte_at(text, at) < 0x80) return Symbol{text[at]};
  if (const std::optional<Symbol> symbol = overlong(text, at)) return *symbol;
  Letter letter = letter_at(text, at, Charset::strict);
  if (letter.point == 0) letter = letter_at(text, at, Charset::careless); // surrogates
  if (letter.point < 0x80) { // no UTF-8: the ellipsis and the blank of Windows' code pages are dots and a blank
    const char32_t byte = byte_at(text, at);
    return Symbol{byte == 0x85 ? '.' : byte == 0xA0 ? ' ' : text[at]};
  }
  const Forms forms = forms_of(letter.point);
  if (forms.windows != 0 && fits == Fits::windows) return Symbol{forms.windows, letter.size};
  // What is left out, or is a mark, makes no other name of dots.
  if (invisible(letter.point) || combining(letter.point)) return Symbol{' ', letter.size};
  if (!forms.unicode.empty()) return Symbol{text[at], letter.size, false, false, forms.unicode};
  return Symbol{forms.windows != 0 ? forms.windows : text[at], letter.size};
}

// Whether a segment is made of dots (and blanks) only, once parameters and their kin are cut off.
class Segment {
public:
  void add(char c) noexcept {
    empty_ = false;
    if (c == ';' || c == ':' || c == '?' || c == '#') cut_ = true;
    if (cut_) return;
    if (c == '.')
      dots_ = true;
    else if (c != ' ')
      other_ = true;
  }
  [[nodiscard]] bool dots_only() const noexcept { return dots_ && !other_; }
  [[nodiscard]] bool empty() const noexcept { return empty_; }

private:
  bool empty_ = true;
  bool dots_ = false;
  bool other_ = false;
  bool cut_ = false;
};

constexpr Error kDots{Cause::bad_target, "dot segment in the path"};

// Encoded slashes are marked in `text`.
Result<void> check_segments(std::string_view text, Fits fits) noexcept {
  Segment segment;
  bool within = false; // behind encoded slashes that began inside a name
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t end = behind_ticket(text, at); end != at) { // ASP.NET takes it out
      at = end;
      continue;
    }
    const Symbol symbol = symbol_at(text, at, fits);
    if (symbol.refused) return Error{Cause::bad_target, "overlong UTF-8 in the path"};
    const std::size_t letters = std::max<std::size_t>(symbol.spelt.size(), 1);
    for (std::size_t i = 0; i < letters; ++i) {
      const char16_t spelt = symbol.spelt.empty() ? u'\0' : symbol.spelt[i];
      const char c = symbol.spelt.empty() ? symbol.as : spelt < 0x80 ? static_cast<char>(spelt) : text[at];
      const bool encoded = c == marked_slash || c == marked_backslash;
      if (c != '/' && c != '\\' && !encoded) {
        segment.add(c);
        continue;
      }
      if (segment.dots_only()) return kDots;
      const bool odd = encoded || c == '\\' || (symbol.size > 1 && fits == Fits::unicode);
      const bool begins = segment.empty() && !(encoded && within);
      if (begins && !symbol.doubtful && odd) return Error{Cause::bad_target, "a path begins anew in the path"};
      within = encoded && !begins;
      segment = Segment{};
    }
    at += symbol.size;
  }
  if (segment.dots_only()) return kDots;
  return {};
}

Result<void> check_segments(std::string_view text) noexcept {
  const Result<void> safe = check_segments(text, Fits::unicode);
  const bool ascii = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return !safe || ascii ? safe : check_segments(text, Fits::windows);
}

} // namespace

Result<void> read_path(std::string_view path, std::string& decoded, bool& plain) {
  decoded.assign(path);
  plain = plain_path(path);
  if (plain) return {};
  const Decoded outcome = decode(decoded, Escapes::plain);
  if (outcome == Decoded::malformed) return Error{Cause::bad_target, "bad percent-encoding in the path"};
  if (outcome == Decoded::forbidden) return Error{Cause::bad_target, "encoded control, or slash before a name, in the path"};
  // From here on the text is only looked at. Its buffer stays with the thread, so that the steady state allocates nothing.
  further.assign(path);
  static_cast<void>(decode(further, Escapes::plain, Slashes::marked));
  Result<void> safe = check_segments(further);
  if (!safe || (outcome == Decoded::same && !holds_dressed_escapes(further))) return safe;
  for (int round = 1; round < most_rounds; ++round) {
    const std::size_t before = further.size();
    undress_escapes(further);
    if (decode(further, Escapes::wide_too, Slashes::marked) == Decoded::forbidden)
      return Error{Cause::bad_target, "doubly encoded control, or slash before a name, in the path"};
    if (further.size() == before) return {};
    safe = check_segments(further);
    if (!safe) return safe;
  }
  return Error{Cause::bad_target, "path encoded too often"};
}

} // namespace ledgergate::http
