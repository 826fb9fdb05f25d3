#include "inspect/json_reader.h"

#include "http/chars.h"

#include <algorithm>

namespace ledgergate::inspect {
namespace {

constexpr unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }
constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Letters fold case: Json.NET finds a member without regard to it. Two different keys of one hash would be refused as one: that
// hurts nobody but who searched for them.
std::uint64_t folded_hash(std::string_view name) noexcept {
  std::uint64_t hash = 14695981039346656037ULL; // FNV-1a
  for (const char c : name) hash = (hash ^ byte(http::lower(c))) * 1099511628211ULL;
  return hash;
}

} // namespace

JsonReader::JsonReader(JsonHandler& handler, JsonBounds bounds) noexcept : handler_(handler), bounds_(bounds) {
  bounds_.depth = std::min<std::uint32_t>(bounds_.depth, static_cast<std::uint32_t>(open_.size()));
}

void JsonReader::stop(Error why) noexcept {
  if (failed_) return;
  failed_ = true;
  failure_ = why;
}

void JsonReader::fail(std::string_view detail) noexcept { stop({Cause::body_unreadable, detail}); }

Result<void> JsonReader::feed(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > bounds_.size) stop({Cause::body_too_large, "the JSON is too large"});
  while (!bytes.empty() && !failed_) {
    if (at_ == At::string) {
      // Most of a large body is the inside of strings.
      const auto* special = std::find_if(bytes.begin(), bytes.end(),
                                         [](char c) { return byte(c) < 0x20 || byte(c) >= 0x80 || c == '"' || c == '\\'; });
      const auto plain = static_cast<std::size_t>(special - bytes.begin());
      if (plain > 0) {
        put(bytes.substr(0, plain));
        bytes.remove_prefix(plain);
        continue;
      }
    }
    judge(bytes.front());
    bytes.remove_prefix(1);
  }
  if (failed_) return failure_;
  return {};
}

Result<void> JsonReader::finish() {
  if (at_ != At::end) fail("the JSON is incomplete");
  if (failed_) return failure_;
  return {};
}

void JsonReader::judge(char c) {
  switch (at_) {
  case At::mark_2:
  case At::mark_3:
    if (c != (at_ == At::mark_2 ? '\xBB' : '\xBF')) return fail("the body is not a JSON object");
    at_ = at_ == At::mark_2 ? At::mark_3 : At::root;
    return;
  case At::root: return judge_root(c);
  case At::first_key:
    if (c == '}') return close(JsonKind::object);
    [[fallthrough]];
  case At::key:
    if (blank(c)) return;
    if (c != '"') return fail("a name in the JSON is not in double quotes");
    return begin_string(true);
  case At::colon:
    if (blank(c)) return;
    if (c != ':') return fail("the JSON is malformed");
    at_ = At::value;
    return;
  case At::first_item:
    if (c == ']') return close(JsonKind::array);
    [[fallthrough]];
  case At::value: return judge_value(c);
  case At::behind_value: return judge_behind(c);
  case At::string:
  case At::continuation: return judge_string(c);
  case At::escape:
  case At::low_escape:
  case At::low_u: return judge_escape(c);
  case At::hex: return judge_hex(c);
  case At::literal:
    if (c != literal_.front()) return fail("the JSON is malformed");
    literal_.remove_prefix(1);
    if (!literal_.empty()) return;
    at_ = At::behind_value;
    return handler_.value_end(*this, kind_);
  case At::minus:
  case At::zero:
  case At::integer:
  case At::point:
  case At::fraction:
  case At::exponent:
  case At::exponent_sign:
  case At::exponent_digits: return judge_number(c);
  case At::end:
    // Clients may end with CRLFCRLF inside the length.
    if (!blank(c)) fail("the JSON has something behind its end");
    return;
  }
}

// A mark in front (U+FEFF): Json.NET's stream reader takes it off, and its text reader refuses it. Either way the rest is read like
// here. UTF-16 and UTF-32 are refused by their first byte: a NUL, FE or FF.
void JsonReader::judge_root(char c) {
  if (!begun_ && c == '\xEF') {
    begun_ = true;
    at_ = At::mark_2;
    return;
  }
  begun_ = true;
  if (blank(c)) return;
  if (c != '{') return fail("the body is not a JSON object");
  open(JsonKind::object);
}

void JsonReader::judge_value(char c) {
  if (blank(c)) return;
  switch (c) {
  case '{': return open(JsonKind::object);
  case '[': return open(JsonKind::array);
  case '"': return begin_string(false);
  case 't':
  case 'f':
    kind_ = JsonKind::boolean;
    literal_ = c == 't' ? "rue" : "alse";
    break;
  case 'n':
    kind_ = JsonKind::null;
    literal_ = "ull";
    break;
  default: return begin_number(c);
  }
  at_ = At::literal;
  handler_.value(*this, kind_);
}

void JsonReader::judge_behind(char c) {
  if (blank(c)) return;
  const bool in_object = open_[depth_ - 1] == JsonKind::object;
  if (c == ',') {
    at_ = in_object ? At::key : At::value;
    return;
  }
  if (c == '}' && in_object) return close(JsonKind::object);
  if (c == ']' && !in_object) return close(JsonKind::array);
  fail("the JSON is malformed");
}

void JsonReader::open(JsonKind kind) {
  if (depth_ == bounds_.depth) return fail("the JSON is nested too deep");
  open_[depth_] = kind;
  keys_from_[depth_] = keys_.size();
  ++depth_;
  at_ = kind == JsonKind::object ? At::first_key : At::first_item;
  handler_.value(*this, kind);
}

void JsonReader::close(JsonKind kind) {
  handler_.value_end(*this, kind);
  --depth_;
  keys_.resize(keys_from_[depth_]);
  at_ = depth_ == 0 ? At::end : At::behind_value;
}

void JsonReader::begin_string(bool is_key) {
  in_key_ = is_key;
  at_ = At::string;
  key_.clear();
  if (!is_key) handler_.value(*this, JsonKind::string);
}

void JsonReader::end_string() {
  if (!in_key_) {
    at_ = At::behind_value;
    return handler_.value_end(*this, JsonKind::string);
  }
  at_ = At::colon;
  if (new_key()) handler_.key(*this, key_);
}

bool JsonReader::new_key() {
  const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(keys_from_[depth_ - 1]);
  if (keys_.end() - begin >= static_cast<std::ptrdiff_t>(bounds_.keys)) {
    fail("an object of the JSON has too many names");
    return false;
  }
  const std::uint64_t hash = folded_hash(key_);
  const auto place = std::lower_bound(begin, keys_.end(), hash);
  if (place != keys_.end() && *place == hash) {
    fail("a name appears twice in an object of the JSON");
    return false;
  }
  keys_.insert(place, hash);
  return true;
}

void JsonReader::put(std::string_view bytes) {
  if (!in_key_) return handler_.string(*this, bytes);
  if (key_.size() + bytes.size() > bounds_.name) return fail("a name in the JSON is too long");
  key_ += bytes;
}

void JsonReader::put_code_point(std::uint32_t point) {
  char bytes[4];
  std::size_t size = 0;
  if (point < 0x80) {
    bytes[size++] = static_cast<char>(point);
  } else {
    if (point < 0x800) {
      bytes[size++] = static_cast<char>(0xC0 | (point >> 6));
    } else {
      if (point < 0x10000) {
        bytes[size++] = static_cast<char>(0xE0 | (point >> 12));
      } else {
        bytes[size++] = static_cast<char>(0xF0 | (point >> 18));
        bytes[size++] = static_cast<char>(0x80 | ((point >> 12) & 0x3F));
      }
      bytes[size++] = static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    }
    bytes[size++] = static_cast<char>(0x80 | (point & 0x3F));
  }
  put({bytes, size});
}

// Inside a string. UTF-8 by Unicode's table 3-7: no overlong form, no surrogate, nothing beyond U+10FFFF.
void JsonReader::judge_string(char c) {
  const unsigned b = byte(c);
  if (at_ == At::continuation) {
    if (b < least_ || b > most_) return fail("the JSON is not UTF-8");
    least_ = 0x80;
    most_ = 0xBF;
    if (--more_ == 0) at_ = At::string;
    return put({&c, 1});
  }
  if (c == '"') return end_string();
  if (c == '\\') {
    at_ = At::escape;
    return;
  }
  if (b < 0x20) return fail("a control character in a string of the JSON");
  if (b >= 0x80) {
    if (b < 0xC2 || b > 0xF4) return fail("the JSON is not UTF-8");
    more_ = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
    least_ = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
    most_ = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    at_ = At::continuation;
  }
  put({&c, 1});
}

void JsonReader::judge_escape(char c) {
  if (at_ == At::low_escape || at_ == At::low_u) {
    // Behind a high surrogate. Json.NET would keep a lone one, which no encoding can say.
    if (c != (at_ == At::low_escape ? '\\' : 'u')) return fail("half a surrogate pair in the JSON");
    at_ = at_ == At::low_escape ? At::low_u : At::hex;
    return;
  }
  at_ = At::string;
  switch (c) {
  case '"':
  case '\\':
  case '/': return put({&c, 1});
  case 'b': return put("\b");
  case 'f': return put("\f");
  case 'n': return put("\n");
  case 'r': return put("\r");
  case 't': return put("\t");
  case 'u':
    at_ = At::hex;
    point_ = 0;
    digits_ = 0;
    return;
  default: return fail("an escape in the JSON is not known");
  }
}

void JsonReader::judge_hex(char c) {
  if (!http::is(c, http::hex_byte)) return fail("an escape in the JSON is malformed");
  point_ = point_ * 16 + http::hex_value(c);
  if (++digits_ < 4) return;
  const std::uint32_t unit = point_;
  point_ = 0;
  digits_ = 0;
  at_ = At::string;
  const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
  if (low != (high_ != 0)) return fail("half a surrogate pair in the JSON");
  if (low) {
    const std::uint32_t whole = 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00);
    high_ = 0;
    return put_code_point(whole);
  }
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    high_ = unit;
    at_ = At::low_escape;
    return;
  }
  // Many a program ends a text there; no honest one sends it.
  if (unit == 0) return fail("a NUL in a string of the JSON");
  put_code_point(unit);
}

void JsonReader::begin_number(char c) {
  if (c != '-' && !digit(c)) return fail("the JSON is malformed");
  at_ = c == '-' ? At::minus : c == '0' ? At::zero : At::integer;
  digits_ = 1;
  handler_.value(*this, JsonKind::number);
}

// RFC 8259 section 6. The byte behind a number ends it, and is counted with it.
void JsonReader::judge_number(char c) {
  if (++digits_ > bounds_.number + 1) return fail("a number in the JSON is too long");
  const bool exponent = c == 'e' || c == 'E';
  switch (at_) {
  case At::minus:
    if (!digit(c)) break;
    at_ = c == '0' ? At::zero : At::integer;
    return;
  case At::zero:
  case At::integer:
    if (at_ == At::integer && digit(c)) return;
    if (c == '.') {
      at_ = At::point;
      return;
    }
    if (exponent) {
      at_ = At::exponent;
      return;
    }
    if (at_ == At::zero && digit(c)) break; // octal for Json.NET
    at_ = At::behind_value;
    break;
  case At::point:
    if (!digit(c)) break;
    at_ = At::fraction;
    return;
  case At::fraction:
    if (digit(c)) return;
    at_ = exponent ? At::exponent : At::behind_value;
    if (exponent) return;
    break;
  case At::exponent:
    if (c == '+' || c == '-') {
      at_ = At::exponent_sign;
      return;
    }
    [[fallthrough]];
  case At::exponent_sign:
    if (!digit(c)) break;
    at_ = At::exponent_digits;
    return;
  case At::exponent_digits:
    if (digit(c)) return;
    at_ = At::behind_value;
    break;
  default: break;
  }
  if (at_ != At::behind_value) return fail("a number in the JSON is malformed");
  handler_.value_end(*this, JsonKind::number);
  if (!failed_) judge_behind(c);
}

} // namespace ledgergate::inspect
