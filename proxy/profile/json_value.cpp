#include "profile/json_value.h"

#include "http/chars.h"

#include <algorithm>

namespace ledgergate::profile {
namespace {

constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20; }

} // namespace

void JsonValue::feed(std::string_view bytes) {
  while (!bytes.empty() && at_ != At::failed) {
    if (at_ == At::string) {
      // Most of a large one is the inside of strings.
      const auto* special = std::find_if(bytes.begin(), bytes.end(), [](char c) { return control(c) || c == '"' || c == '\\'; });
      bytes.remove_prefix(static_cast<std::size_t>(special - bytes.begin()));
      if (bytes.empty()) return;
    }
    judge(bytes.front());
    bytes.remove_prefix(1);
  }
}

// A number has no end of its own.
bool JsonValue::whole() const noexcept {
  const bool value =
      at_ == At::behind || at_ == At::zero || at_ == At::integer || at_ == At::fraction || at_ == At::exponent_digits;
  return value && open_.empty();
}

void JsonValue::judge(char c) {
  switch (at_) {
  case At::start:
  case At::mark_2:
  case At::mark_3: return judge_mark(c);
  case At::first_item:
    if (c == ']') return close(false);
    [[fallthrough]];
  case At::value: return judge_value(c);
  case At::first_key:
    if (c == '}') return close(true);
    [[fallthrough]];
  case At::key:
    if (blank(c)) return;
    if (c == '"') return begin_string(true);
    break;
  case At::colon:
    if (blank(c)) return;
    if (c != ':') break;
    at_ = At::value;
    return;
  case At::behind: return judge_behind(c);
  case At::string: return judge_string(c);
  case At::escape:
  case At::low_backslash:
  case At::low_u: return judge_escape(c);
  case At::hex: return judge_hex(c);
  case At::literal:
    if (c != literal_.front()) break;
    literal_.remove_prefix(1);
    if (literal_.empty()) at_ = At::behind;
    return;
  case At::minus:
  case At::zero:
  case At::integer:
  case At::point:
  case At::fraction:
  case At::exponent:
  case At::exponent_sign:
  case At::exponent_digits: return judge_number(c);
  case At::failed: break;
  }
  at_ = At::failed;
}

void JsonValue::judge_mark(char c) {
  const At at = at_;
  at_ = At::failed;
  if (at == At::start) {
    at_ = c == '\xEF' ? At::mark_2 : At::value;
    if (at_ == At::value) judge_value(c);
  } else if (at == At::mark_2 && c == '\xBB') {
    at_ = At::mark_3;
  } else if (at == At::mark_3 && c == '\xBF') {
    at_ = At::value;
  }
}

void JsonValue::judge_value(char c) {
  if (blank(c)) return;
  at_ = At::literal;
  switch (c) {
  case '{': return open(true);
  case '[': return open(false);
  case '"': return begin_string(false);
  case 't': literal_ = "rue"; return;
  case 'f': literal_ = "alse"; return;
  case 'n': literal_ = "ull"; return;
  default: at_ = c == '-' ? At::minus : c == '0' ? At::zero : digit(c) ? At::integer : At::failed;
  }
}

void JsonValue::judge_behind(char c) {
  if (blank(c)) return;
  if (open_.empty()) {
    at_ = At::failed;
  } else if (c == ',') {
    at_ = open_.back() ? At::key : At::value;
  } else {
    close(c == '}');
    if (c != '}' && c != ']') at_ = At::failed;
  }
}

void JsonValue::open(bool object) {
  at_ = At::failed;
  if (open_.size() == kDeepest) return;
  open_.push_back(object);
  at_ = object ? At::first_key : At::first_item;
}

void JsonValue::close(bool object) noexcept {
  at_ = open_.back() == object ? At::behind : At::failed;
  open_.pop_back();
}

void JsonValue::begin_string(bool key) noexcept {
  in_key_ = key;
  at_ = At::string;
}

void JsonValue::judge_string(char c) noexcept {
  if (c == '"')
    at_ = in_key_ ? At::colon : At::behind;
  else
    at_ = c == '\\' ? At::escape : At::failed; // feed() has passed over what is neither
}

// Behind a high surrogate comes the low one, and nothing else.
void JsonValue::judge_escape(char c) noexcept {
  if (at_ == At::low_backslash) {
    at_ = c == '\\' ? At::low_u : At::failed;
  } else if (c == 'u') {
    at_ = At::hex;
    unit_ = digits_ = 0;
  } else {
    constexpr std::string_view kOthers = "\"\\/bfnrt";
    at_ = at_ == At::escape && kOthers.find(c) != std::string_view::npos ? At::string : At::failed;
  }
}

void JsonValue::judge_hex(char c) noexcept {
  if (!http::is(c, http::hex_byte)) {
    at_ = At::failed;
    return;
  }
  unit_ = unit_ * 16 + http::hex_value(c);
  if (++digits_ < 4) return;
  const bool low = unit_ >= 0xDC00 && unit_ <= 0xDFFF;
  at_ = low == high_ ? At::string : At::failed;
  high_ = unit_ >= 0xD800 && unit_ <= 0xDBFF;
  if (high_ && at_ == At::string) at_ = At::low_backslash;
}

// RFC 8259 section 6. The byte behind a number ends it.
void JsonValue::judge_number(char c) {
  const bool exponent = c == 'e' || c == 'E';
  const At at = at_;
  at_ = At::failed;
  switch (at) {
  case At::minus:
    if (digit(c)) at_ = c == '0' ? At::zero : At::integer;
    return;
  case At::point:
    if (digit(c)) at_ = At::fraction;
    return;
  case At::exponent:
    if (c == '+' || c == '-')
      at_ = At::exponent_sign;
    else if (digit(c))
      at_ = At::exponent_digits;
    return;
  case At::exponent_sign:
    if (digit(c)) at_ = At::exponent_digits;
    return;
  default: break;
  }
  if (digit(c) && at != At::zero) {
    at_ = at;
  } else if (c == '.' && (at == At::zero || at == At::integer)) {
    at_ = At::point;
  } else if (exponent && at != At::exponent_digits) {
    at_ = At::exponent;
  } else if (!digit(c)) {
    at_ = At::behind;
    judge_behind(c);
  }
}

} // namespace ledgergate::profile
