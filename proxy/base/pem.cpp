#include "base/pem.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
// Base64 without its -----BEGIN. A word so long is, where it is no hex number; a line that is one word so long is where it has
// capital and small letters and digits, and so are lines of one length, and of so many letters together, where they have.
constexpr std::size_t kLostWord = 40, kLostLine = 16, kLostLines = 32;
constexpr std::string_view kNearlyAMark =
    "this is nearly a -----BEGIN or -----END line, but none: five hyphens begin the line and end it, "
    "with capital letters between";

int value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::string_view trimmed(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

// Words are in capitals, what is looked at may be in small letters. It is compared where it stands: it may be a line of a key, and
// no copy of that must stay in memory.
bool is_capital_of(char c, char capital) noexcept { return std::toupper(static_cast<unsigned char>(c)) == capital; }
bool begins_with(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char capital, char c) { return is_capital_of(c, capital); });
}
// Where the word begins in text, from a place on; npos: nowhere.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) noexcept {
  const auto begin = text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size()));
  const auto found = std::search(begin, text.end(), word.begin(), word.end(), is_capital_of);
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

// "CERTIFICATE" of a line that is this and nothing more; empty: it is another line.
std::string_view label_of(std::string_view line, std::string_view word) noexcept {
  if (!line.starts_with(word) || !line.ends_with(kDashes) || line.size() <= word.size() + kDashes.size()) return {};
  const auto label = line.substr(word.size(), line.size() - word.size() - kDashes.size());
  const bool plain = std::all_of(label.begin(), label.end(), [](char c) { return c >= ' ' && c < 0x7f && c != '-'; });
  return plain && label.front() != ' ' && label.back() != ' ' ? label : std::string_view();
}

// Dashes in a row, also those that a word processor makes of hyphens (U+2010 to U+2015, U+2212).
bool has_dashes(std::string_view line) noexcept {
  return line.find("--") != std::string_view::npos || line.find("\xe2\x80\x90") != std::string_view::npos ||
         line.find("\xe2\x80\x91") != std::string_view::npos || line.find("\xe2\x80\x92") != std::string_view::npos ||
         line.find("\xe2\x80\x93") != std::string_view::npos || line.find("\xe2\x80\x94") != std::string_view::npos ||
         line.find("\xe2\x80\x95") != std::string_view::npos || line.find("\xe2\x88\x92") != std::string_view::npos;
}

// What a cut leaves of a line that begins a block.
bool begins_a_mark(std::string_view line) noexcept {
  return !line.empty() && (kBegin.starts_with(line) || line.find_first_not_of('-') == std::string_view::npos);
}

// A line that was meant to begin or end a block: with the word and dashes, or with the word and what blocks are called.
bool is_nearly_a_mark(std::string_view line) noexcept {
  if (line.size() > kDashes.size() && (kBegin.starts_with(line) || kEnd.starts_with(line))) return true; // cut off in it
  static constexpr std::array<std::string_view, 9> kLabels = {"CERTIFICATE", "X509", "TRUSTED", "PRIVATE", "ENCRYPTED",
                                                              "RSA ",        "EC ",  "PKCS",    "OPENSSH"};
  for (const std::string_view word : {std::string_view("BEGIN"), std::string_view("END")}) {
    for (std::size_t at = find_word(line, word, 0); at != std::string_view::npos; at = find_word(line, word, at + 1)) {
      const std::size_t behind = at + word.size();
      const auto is_letter = [&](std::size_t i) {
        return i < line.size() && std::isalnum(static_cast<unsigned char>(line[i])) != 0;
      };
      if ((at > 0 && is_letter(at - 1)) || is_letter(behind)) continue;
      if (has_dashes(line)) return true;
      const std::string_view rest = line.substr(std::min(behind + 1, line.size()));
      if (std::any_of(kLabels.begin(), kLabels.end(), [&](std::string_view label) { return begins_with(rest, label); }))
        return true;
    }
  }
  return false;
}

bool is_base64(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return value_of(c) >= 0; });
}

// Letters of a word, as those of base64 are.
struct Mixture {
  bool capital = false, small = false, digit = false, hex = true;
  void add(std::string_view text) noexcept {
    for (const char each : text) {
      const auto c = static_cast<unsigned char>(each);
      capital = capital || std::isupper(c) != 0;
      small = small || std::islower(c) != 0;
      digit = digit || std::isalpha(c) == 0;
      hex = hex && std::isxdigit(c) != 0;
    }
  }
  [[nodiscard]] bool whole() const noexcept { return capital && small && digit && !hex; }
};

// Looks for base64 in the lines between blocks. Before it may stand what quotes a line ("> "), behind it '='.
class LostBase64 {
public:
  [[nodiscard]] bool ends_with(std::string_view line) noexcept {
    const auto plain = [](char c) { return value_of(c) >= 0; };
    const auto first = std::find_if(line.begin(), line.end(), plain);
    const auto last = std::find_if(line.rbegin(), line.rend(), plain).base();
    const std::string_view bare =
        first < last ? std::string_view(&*first, static_cast<std::size_t>(last - first)) : std::string_view();
    if (!is_base64(bare)) {
      lines_ = {};
      letters_ = 0;
      return has_long_word(bare);
    }
    Mixture own;
    own.add(bare);
    if (bare.size() >= kLostWord && !own.hex) return true;
    if (bare.size() >= kLostLine && own.whole()) return true;
    if (letters_ == 0 || bare.size() > length_) { // begins anew: only the last of several is shorter
      lines_ = {};
      letters_ = 0;
      length_ = bare.size();
    }
    lines_.add(bare);
    letters_ += bare.size();
    const bool several = letters_ > bare.size() && length_ % 4 == 0 && length_ >= 8;
    if (bare.size() < length_) length_ = 0; // none goes on behind it
    return several && letters_ >= kLostLines && lines_.whole();
  }

private:
  static bool has_long_word(std::string_view line) noexcept {
    while (!line.empty()) {
      const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
      Mixture word;
      word.add(line.substr(0, end));
      if (end >= kLostWord && is_base64(line.substr(0, end)) && !word.hex) return true;
      line.remove_prefix(std::min(line.size(), end + 1));
    }
    return false;
  }

  Mixture lines_;
  std::size_t letters_ = 0, length_ = 0;
};

class Reader {
public:
  explicit Reader(std::string_view text) : text_(text) {}

  PemBlocks run() {
    while (out_.mistake.empty() && next_line()) {
      if (breaks_within()) break;
      if (inside_)
        take_inside();
      else
        take_outside();
    }
    if (out_.mistake.empty() && !inside_ && begins_a_mark(last_))
      refuse("the file ends in the beginning of a -----BEGIN line: it is cut off; copy it again as a whole");
    if (out_.mistake.empty() && inside_) refuse("has no -----END line: the file is cut off; copy it again as a whole");
    if (!out_.mistake.empty()) {
      std::string mistake = std::move(out_.mistake);
      wipe(out_);
      out_.mistake = std::move(mistake);
    }
    return std::move(out_);
  }

private:
  bool next_line() {
    if (at_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    line_ = trimmed(text_.substr(at_, end - at_));
    at_ = end + 1;
    ++number_;
    if (!line_.empty()) last_ = line_;
    return true;
  }

  void refuse(std::string_view why) {
    out_.mistake = "line " + std::to_string(number_);
    if (inside_)
      out_.mistake +=
          ", block " + std::to_string(out_.blocks.size()) + " (begins in line " + std::to_string(out_.blocks.back().line) + ")";
    out_.mistake.append(": ").append(why);
  }

  // What some program takes for the end of a line, and this one does not: what stands behind it would be passed over with it.
  [[nodiscard]] bool breaks_within() {
    static constexpr std::array<std::string_view, 6> kBreaks = {"\r", "\v", "\f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    const bool found = std::any_of(kBreaks.begin(), kBreaks.end(),
                                   [&](std::string_view each) { return line_.find(each) != std::string_view::npos; });
    if (found && line_.find('\r') != std::string_view::npos)
      refuse("a line ends with CR alone; convert the file's line ends (mac2unix)");
    else if (found)
      refuse("a line break that is neither LF nor CRLF stands in it; take it out");
    return found;
  }

  void take_outside() {
    if (line_.empty() || line_.front() == '#') return;
    if (const auto label = label_of(line_, kBegin); !label.empty()) {
      out_.blocks.push_back({std::string(label), "", number_, false});
      inside_ = true;
      lost_ = {};
      lines_ = sextets_ = padding_ = 0;
      collected_ = 0;
      header_ = false;
      out_.blocks.back().bytes.reserve(room());
      return;
    }
    if (!label_of(line_, kEnd).empty())
      return refuse("-----END without its -----BEGIN: a part is lost; copy the file again as a whole");
    if (glued()) return;
    if (std::any_of(line_.begin(), line_.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; }))
      return refuse("bytes that are no text: this is not PEM, or not PEM alone");
    if (is_nearly_a_mark(line_)) return refuse(kNearlyAMark);
    if (lost_.ends_with(line_)) refuse("base64 outside of a block: its -----BEGIN line is lost; copy the file again as a whole");
  }

  // For the bytes of the block at once, so that no part of a key stays where it was before.
  [[nodiscard]] std::size_t room() const noexcept {
    const std::size_t end = std::min(text_.find(kEnd, std::min(at_, text_.size())), text_.size());
    return (end - std::min(at_, end)) / 4 * 3 + 3;
  }

  bool glued() {
    const std::size_t end = line_.find(kEnd), begin = line_.find(kBegin, end == std::string_view::npos ? 0 : end + 1);
    if (end == std::string_view::npos || begin == std::string_view::npos) return false;
    refuse("an -----END and the next -----BEGIN stand in one line: put a line break between them");
    return true;
  }

  void take_inside() {
    PemBlock& block = out_.blocks.back();
    if (const auto label = label_of(line_, kEnd); !label.empty()) {
      if (label != block.label)
        return refuse("-----END of another kind than -----BEGIN: a part is lost; copy the file again as a whole");
      return end_block(block);
    }
    if (glued()) return;
    if (line_.find(kBegin) != std::string_view::npos)
      return refuse("has no -----END line before the next -----BEGIN: it is cut off; copy it again as a whole");
    if (is_nearly_a_mark(line_)) return refuse(kNearlyAMark);
    ++lines_;
    if (header_ || (lines_ == 1 && line_.find(':') != std::string_view::npos)) return take_header(block);
    if (!block.encrypted) take_base64(block);
  }

  // RFC 1421 section 4.6: lines "Name: value", up to an empty one.
  void take_header(PemBlock& block) {
    if (lines_ == 1) {
      if (find_word(line_, "ENCRYPTED", 0) == std::string_view::npos)
        return refuse("has a header that is not read; only keys may have one (Proc-Type: 4,ENCRYPTED)");
      block.encrypted = true;
    }
    header_ = !line_.empty();
  }

  void take_base64(PemBlock& block) {
    if (line_.empty()) return refuse("an empty line inside of the block; take it out, or copy the file again as a whole");
    for (const char c : line_) {
      if (c == '=') {
        ++padding_;
        continue;
      }
      const int value = value_of(c);
      if (value < 0 || padding_ > 0)
        return refuse(value < 0 ? "a character that is not base64: the block is damaged; copy the file again as a whole"
                                : "base64 goes on behind its end (=): the block is damaged; copy the file again as a whole");
      collected_ = collected_ << 6 | static_cast<std::uint32_t>(value);
      if (++sextets_ % 4 != 0) continue;
      for (const int shift : {16, 8, 0}) block.bytes += static_cast<char>(collected_ >> shift & 0xffU);
      collected_ = 0;
    }
  }

  void end_block(PemBlock& block) {
    if (!block.encrypted) {
      const std::size_t left = sextets_ % 4;
      const bool whole = left == 0 ? padding_ == 0 : left != 1 && padding_ == 4 - left;
      // What the last character says beyond the last byte is nothing (RFC 4648 section 3.5).
      const std::uint32_t beyond = left == 2 ? collected_ & 0xfU : left == 3 ? collected_ & 0x3U : 0;
      if (!whole || beyond != 0) return refuse("its base64 does not come out even: a part is lost; copy the file again as a whole");
      if (left == 2) block.bytes += static_cast<char>(collected_ >> 4 & 0xffU);
      if (left == 3) {
        block.bytes += static_cast<char>(collected_ >> 10 & 0xffU);
        block.bytes += static_cast<char>(collected_ >> 2 & 0xffU);
      }
      if (block.bytes.empty()) return refuse("is empty; copy the file again as a whole");
    }
    inside_ = false;
  }

  std::string_view text_, line_, last_;
  std::size_t at_ = 0, number_ = 0;
  std::size_t lines_ = 0, sextets_ = 0, padding_ = 0; // of the block
  std::uint32_t collected_ = 0;
  bool inside_ = false, header_ = false;
  LostBase64 lost_;
  PemBlocks out_;
};

} // namespace

PemBlocks read_pem_blocks(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return {{}, "is UTF-16; save it as plain text (in Notepad: encoding ANSI or UTF-8)"};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3); // Notepad's
  if (text.ends_with('\x1a')) text.remove_suffix(1);           // `copy a.pem+b.pem` of Windows
  if (text.find('\n') == std::string_view::npos && trimmed(text).find('\r') != std::string_view::npos)
    return {{}, "its lines end with CR alone; convert them (mac2unix)"};
  return Reader(text).run();
}

void wipe(PemBlocks& blocks) noexcept {
  for (PemBlock& each : blocks.blocks) OPENSSL_cleanse(each.bytes.data(), each.bytes.size());
  blocks.blocks.clear();
}

} // namespace ledgergate
