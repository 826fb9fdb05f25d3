#include "http/path_readings.h"

#include "base/prepare_thread.h"
#include "http/chars.h"
#include "http/percent.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ledgergate::http {
namespace {

thread_local std::string further;    // the path, decoded once more
thread_local std::u32string current; // the reading that next() made
// Where in it a path begins anew. Nobody honest writes as many.
struct Beginnings {
  std::array<std::size_t, 32> at{};
  std::size_t count = 0;
  bool too_many = false;
  void add(std::size_t begin) noexcept {
    too_many = too_many || count == at.size();
    if (!too_many) at[count++] = begin;
  }
};
thread_local Beginnings beginnings;
const PreparedThread prepared([] {
  further.clear();
  current.clear();
});

constexpr char32_t marked = 0x80000000; // beside a letter: combining marks stand behind it

bool letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool separates(char32_t c) noexcept {
  return c == U'/' || c == U'\\' || c == static_cast<unsigned char>(marked_slash) ||
         c == static_cast<unsigned char>(marked_backslash);
}
// Which kind of slash it is, of those that some servers take for none.
std::uint8_t kind_of(char32_t slash) noexcept { return slash == U'/' || slash == static_cast<unsigned char>(marked_slash) ? 1 : 2; }
bool blank(char32_t c) noexcept { return c == U' ' || c == U'+'; }
// What stands behind it is no part of the name.
bool cuts(char32_t c) noexcept { return c == U';' || c == U':' || c == U'?' || c == U'#'; }

// Writes names as they are read, and takes off them what may be taken off.
class Names {
public:
  explicit Names(std::u32string& out) : out_(out) { out_.clear(); }

  void add(char32_t c) {
    if (cut_ || (!open_ && blank(c))) return;
    if (cuts(c)) {
      cut_ = true;
      return;
    }
    if (!open_) out_ += U'/';
    open_ = true;
    out_ += c;
  }
  void mark() noexcept {
    if (open_ && !cut_) out_.back() |= marked;
  }
  void end() {
    while (open_ && (out_.back() == U'.' || blank(out_.back()))) out_.pop_back();
    if (open_ && out_.back() == U'/') out_.pop_back();
    open_ = cut_ = false;
  }
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  // The name before goes on.
  void join() noexcept { open_ = !out_.empty(); }

private:
  std::u32string& out_;
  bool open_ = false;
  bool cut_ = false;
};

// What tells names from each other, or is taken off them.
bool structural(char32_t c) noexcept { return separates(c) || cuts(c) || c == U'.' || blank(c); }

// How a text is folded, and what else it could be folded like.
struct Folding {
  Charset charset = Charset::strict;
  bool joined = false;
  bool windows = false; // letters that are one thing to Unicode and another to Windows are the latter
  std::uint8_t kept = 0;
  bool joins = false;    // a ticket stands between two halves of a name
  bool keepable = false; // an encoded slash stands in what is cut off
  bool differs = false;  // there are such letters
  Beginnings* beginnings = nullptr;
};

// Letters as they are added to names. One that is a single plain letter in another dress stays as it is: the comparison knows that.
// What becomes punctuation or several letters is replaced.
class Letters {
public:
  Letters(Folding& how, std::u32string& out) : names_(out), how_(how) {}

  // `at_start`: nothing but tickets and what is dropped stands between it and the slash before.
  [[nodiscard]] bool at_start() const noexcept { return at_start_; }
  void join() noexcept { names_.join(); }
  void end() { names_.end(); }

  void add(char32_t point) {
    if (point < 0x80) return put(point, point == U'/');
    const char32_t small = folded(point);
    Forms is = forms_of(point);
    if (small != point && is.unicode.empty() && is.windows == 0) is = forms_of(small);
    const bool nothing = combining(point) || invisible(point);
    const bool replaced =
        nothing || is.unicode.size() > 1 || structural(is.single()) || structural(static_cast<unsigned char>(is.windows));
    if (!replaced) return put(small, false);
    how_.differs = how_.differs || is.windows != 0;
    if (is.windows != 0 && (how_.windows || (!nothing && is.unicode.empty())))
      return put(static_cast<unsigned char>(is.windows), false);
    if (combining(point)) names_.mark();
    for (const char16_t each : is.unicode) put(folded(each), false);
  }

private:
  void put(char32_t point, bool slash) {
    if (!separates(point)) {
      at_start_ = false;
      return names_.add(folded(point));
    }
    const bool in_a_row = std::exchange(at_start_, true);
    const std::uint8_t kind = slash || !names_.cut() ? std::uint8_t{0} : kind_of(point);
    how_.keepable = how_.keepable || kind != 0;
    if ((how_.kept & kind) != 0) return;
    names_.end();
    if (in_a_row && how_.beginnings != nullptr && point != U'/' && point != U'\\') how_.beginnings->add(names_.size());
  }

  Names names_;
  Folding& how_;
  bool at_start_ = false;
};

void fold_into(std::string_view text, Folding& how, std::u32string& out) {
  Letters letters(how, out);
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t end = behind_ticket(text, at); end != at) {
      const bool between = letters.at_start() && end < text.size() && !separates(static_cast<unsigned char>(text[end]));
      how.joins = how.joins || between;
      if (between && how.joined) letters.join();
      at = end;
      continue;
    }
    const Letter next = letter_at(text, at, how.charset);
    at += next.size;
    if (next.point != 0) letters.add(next.point);
  }
  letters.end();
}

// The letter without its mark.
char32_t base(char32_t point) noexcept {
  const char32_t single = forms_of(point).single();
  return single != 0 ? single : point;
}

// Whether a letter of a path could be the letter of a prefix.
bool fits(char32_t found, char32_t wanted) noexcept {
  const char32_t point = found & ~marked;
  wanted &= ~marked;
  if (point == wanted || (point == U'+' && wanted == U' ')) return true;
  if (point >= 0x80) {
    const Forms forms = forms_of(point);
    if (forms.single() == wanted || static_cast<unsigned char>(forms.windows) == wanted) return true;
  }
  return (found & marked) != 0 && wanted >= 0x80 && base(wanted) == base(point);
}

bool same_name(std::u32string_view found, std::u32string_view wanted) noexcept {
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(), fits);
}

// The ASCII character that it may be.
char32_t plain(char32_t c) noexcept {
  const char32_t fit = forms_of(c & ~marked).plain();
  return fit != 0 ? fit : c & ~marked;
}
bool digit(char32_t c) noexcept { return plain(c) >= U'0' && plain(c) <= U'9'; }
bool hex(char32_t c) noexcept { return digit(c) || (plain(c) >= U'a' && plain(c) <= U'f'); }

// In an 8.3 name: what it can't hold became '_', or, beyond the OEM code page, anything.
bool short_fits(char32_t found, char32_t wanted) noexcept {
  return fits(found, wanted) ||
         (plain(found) == U'_' && (wanted >= 0x80 || std::u32string_view(U"+,;=[]").find(wanted) != std::u32string_view::npos));
}

// Without the dots and blanks that 8.3 names can't hold, as far as `count` letters go, does the name begin so?
bool begins_short(std::u32string_view name, std::u32string_view start) noexcept {
  std::size_t at = 0;
  for (const char32_t c : start) {
    while (at < name.size() && (name[at] == U'.' || name[at] == U' ')) ++at;
    if (at == name.size() || !short_fits(c, name[at])) return false;
    ++at;
  }
  return true;
}

std::size_t short_size(std::u32string_view name) noexcept {
  return static_cast<std::size_t>(std::count_if(name.begin(), name.end(), [](char32_t c) { return c != U'.' && c != U' '; }));
}

// Whether `found` could be the 8.3 name of `name`: the first six letters, '~' and a number (ADMINI~1), fewer letters where the
// number is longer, or, after some of the same, two letters at most and four hexadecimal digits (AD3F9A~1); then three letters of
// the extension.
bool short_name_of(std::u32string_view found, std::u32string_view name) noexcept {
  std::size_t tilde = found.size();
  while (tilde > 0 && plain(found[tilde - 1]) != U'~') --tilde;
  if (tilde < 2) return false; // there is none, or nothing before it
  std::size_t end = tilde--;
  while (end < found.size() && digit(found[end])) ++end;
  const std::size_t digits = end - tilde - 1;
  if (digits == 0 || digits > 6) return false;
  const std::size_t dot = name.rfind(U'.');
  const std::u32string_view base = name.substr(0, dot == 0 ? std::u32string_view::npos : dot);
  if (end != found.size()) {
    if (plain(found[end]) != U'.' || base.size() == name.size()) return false;
    if (!begins_short(name.substr(base.size() + 1), found.substr(end + 1))) return false;
  }
  const std::u32string_view start = found.substr(0, tilde);
  if (start.size() >= std::min<std::size_t>(short_size(base), 7 - digits) && begins_short(base, start)) return true;
  const bool hashed = start.size() > 4 && start.size() < 7 && std::all_of(start.end() - 4, start.end(), hex);
  return hashed && begins_short(base, start.substr(0, start.size() - 4));
}

bool could_name(std::u32string_view found, std::u32string_view wanted) noexcept {
  return same_name(found, wanted) || short_name_of(found, wanted);
}

// Takes the first name off a folded text that isn't "".
std::u32string_view take_name(std::u32string_view& text) noexcept {
  const std::size_t end = std::min(text.find(U'/', 1), text.size());
  const std::u32string_view name = text.substr(1, end - 1);
  text.remove_prefix(end);
  return name;
}

bool lies_below(std::u32string_view text, std::u32string_view prefix) noexcept {
  while (!prefix.empty()) {
    if (text.empty() || !could_name(take_name(text), take_name(prefix))) return false;
  }
  return true;
}

bool beyond_ascii(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

} // namespace

bool plain_path(std::string_view path) noexcept {
  char before = 0;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const char c = path[at];
    if (!is(c, plain_byte)) return false;
    if (c == '/' && (before == '/' || before == '.')) return false;
    if (c == '(' && path.size() - at > 2 && letter(path[at + 1]) && path[at + 2] == '(') return false;
    before = c;
  }
  return before != '.';
}

std::size_t behind_ticket(std::string_view text, std::size_t at) noexcept {
  if (text[at] != '(') return at;
  std::size_t end = at + 1;
  while (text.size() - end > 1 && letter(text[end]) && text[end + 1] == '(') {
    end = text.find_first_of("()/\\\x01\x02", end + 2);
    if (end == std::string_view::npos || text[end] != ')') return at;
    ++end;
  }
  return end > at + 1 && end < text.size() && text[end] == ')' ? end + 1 : at;
}

PathReadings::PathReadings(std::string_view path, Text text) : path_(path), kind_(text) { begin(); }

void PathReadings::begin() {
  text_ = path_;
  if (kind_ == Text::decoded || path_.find('%') == std::string_view::npos) return;
  further.assign(path_);
  if (decode(further, Escapes::plain, Slashes::marked) != Decoded::forbidden) text_ = further;
}

std::u32string_view PathReadings::text() const noexcept { return current; }

std::size_t PathReadings::anew() const noexcept { return beginnings.count; }

std::u32string_view PathReadings::anew(std::size_t i) const noexcept {
  return std::u32string_view(current).substr(beginnings.at[i]);
}

void PathReadings::fold() {
  Folding how{charset_, joined_, windows_, kept_};
  beginnings = {};
  how.beginnings = &beginnings;
  fold_into(text_, how, current);
  if (beginnings.too_many) left_ = -1;
  joins_ = joins_ || how.joins;
  keepable_ = keepable_ || how.keepable;
  differs_ = differs_ || how.differs;
}

// Decoded once more. A script may decode what its server has decoded; read_path() has refused what was encoded more often.
bool PathReadings::further_round() {
  if (round_ == 3) return false;
  const bool dressed = dressed_ || holds_dressed_escapes(text_);
  dressed_seen_ = dressed_seen_ || dressed;
  if (!dressed && text_.find('%') == std::string_view::npos) return false;
  if (text_.data() != further.data()) further.assign(text_);
  ++round_;
  const std::size_t before = further.size();
  if (dressed_) undress_escapes(further);
  if (decode(further, Escapes::wide_too, Slashes::marked) == Decoded::forbidden || further.size() == before) return false;
  text_ = further;
  return true;
}

// From the beginning, with escapes whose '%' or digits are others in another dress.
bool PathReadings::dressed_rounds() {
  if (dressed_ || !dressed_seen_) return false;
  dressed_ = true;
  round_ = 0;
  begin();
  return further_round();
}

bool PathReadings::next() {
  if (over_) return false;
  if (!begun_) {
    begun_ = true;
  } else if (joins_ && !joined_) {
    joined_ = true;
  } else if (keepable_ && kept_ != 3) {
    ++kept_;
    joined_ = false;
  } else if (differs_ && !windows_) {
    windows_ = true;
    joined_ = false;
    kept_ = 0;
  } else {
    joined_ = joins_ = windows_ = differs_ = false;
    kept_ = 0;
    keepable_ = false;
    if (charset_ != Charset::windows1251 && beyond_ascii(text_)) {
      charset_ = static_cast<Charset>(static_cast<std::uint8_t>(charset_) + 1);
    } else {
      charset_ = Charset::careless;
      over_ = !further_round() && !dressed_rounds();
      if (over_) return false;
    }
  }
  left_ -= static_cast<std::ptrdiff_t>(text_.size());
  over_ = left_ < 0;
  if (over_) return false;
  fold();
  return true;
}

FoldedPrefix fold_prefix(std::string_view prefix) {
  FoldedPrefix out;
  std::string ascii;
  std::copy_if(prefix.begin(), prefix.end(), std::back_inserter(ascii),
               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  while (ascii.size() > 1 && ascii.ends_with('/')) ascii.pop_back();
  out.plain = plain_path(ascii);
  for (const Charset charset : {Charset::strict, Charset::windows1250, Charset::windows1251}) {
    for (const bool windows : {false, true}) {
      Folding how{charset, false, windows};
      std::u32string form;
      fold_into(prefix, how, form);
      // "straße" is "strasse": a plain path may spell it.
      const bool spelt_plain = std::all_of(form.begin(), form.end(), [](char32_t c) { return c < 0x80; });
      out.plain = out.plain && (!spelt_plain || !beyond_ascii(prefix));
      if (std::find(out.forms.begin(), out.forms.end(), form) == out.forms.end()) out.forms.push_back(std::move(form));
    }
  }
  return out;
}

bool could_lie_below(std::u32string_view reading, const FoldedPrefix& prefix) noexcept {
  return std::any_of(prefix.forms.begin(), prefix.forms.end(), [&](const auto& form) { return lies_below(reading, form); });
}

bool could_hold_name(std::u32string_view reading, std::u32string_view start) noexcept {
  while (!reading.empty()) {
    const std::u32string_view name = take_name(reading);
    if (name.size() >= start.size() && same_name(name.substr(0, start.size()), start)) return true;
    if (short_name_of(name, start)) return true;
  }
  return false;
}

} // namespace ledgergate::http
