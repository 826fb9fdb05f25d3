// A streaming reader of one JSON object, strictly RFC 8259: bytes go in as they come, what they say goes to a handler.
//
// Why not a library: Debian's readers (nlohmann, RapidJSON) pull, and keep each string whole, while a picture in a `Data` field has
// tens of megabytes. tests/inspect and tests/fuzz hold this reader to nlohmann's.
//
// Json.NET, which reads behind it (docs/vendors.md, ApiComPrem), takes more: comments, single quotes, names without quotes,
// trailing commas, octal and hexadecimal numbers, NaN, duplicate keys. All that is refused here, so that nothing is read in two
// ways.
#pragma once

#include "base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

enum class JsonKind : std::uint8_t { object, array, string, number, boolean, null };

class JsonReader;

class JsonHandler {
public:
  // A member's name, unescaped; the value follows.
  virtual void key(JsonReader& reader, std::string_view name) = 0;
  // A value begins. A string's text follows, an object's or array's content, then value_end().
  virtual void value(JsonReader& reader, JsonKind kind) = 0;
  // Unescaped UTF-8, in pieces of any size.
  virtual void string(JsonReader& reader, std::string_view bytes) = 0;
  virtual void value_end(JsonReader& reader, JsonKind kind) = 0;

protected:
  ~JsonHandler() = default;
};

struct JsonBounds {
  std::uint64_t size = 256ULL << 20; // bytes
  std::uint32_t depth = 64;          // at most 64, which is Json.NET's own bound
  std::uint32_t keys = 1024;         // of one object
  std::uint32_t name = 128;          // bytes of a key
  std::uint32_t number = 64;         // bytes of a number
};

// One document. Not thread-safe. Throws nothing but std::bad_alloc, and what the handler throws.
class JsonReader {
public:
  // `handler` must outlive the reader.
  explicit JsonReader(JsonHandler& handler, JsonBounds bounds = {}) noexcept;

  // Errors: body_unreadable, body_too_large, what stop() was given; for good.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The document is complete. Error: body_unreadable.
  [[nodiscard]] Result<void> finish();
  // From a handler: the rest is not read.
  void stop(Error why) noexcept;

  // Objects and arrays that are open; the root object has 1. value() and value_end() of one are called with it open.
  [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }

private:
  enum class At : std::uint8_t {
    mark_2,
    mark_3,
    root,
    first_key,
    key,
    colon,
    value,
    first_item,
    behind_value,
    string,
    escape,
    hex,
    low_escape,
    low_u,
    continuation,
    literal,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    end,
  };

  void judge(char c);
  void judge_root(char c);
  void judge_value(char c);
  void judge_behind(char c);
  void judge_string(char c);
  void judge_escape(char c);
  void judge_hex(char c);
  void judge_number(char c);
  void open(JsonKind kind);
  void close(JsonKind kind);
  void begin_string(bool is_key);
  void end_string();
  void begin_number(char c);
  void put(std::string_view bytes);
  void put_code_point(std::uint32_t point);
  [[nodiscard]] bool new_key();
  void fail(std::string_view detail) noexcept;

  JsonHandler& handler_;
  JsonBounds bounds_;
  std::uint64_t size_ = 0;
  std::array<JsonKind, 64> open_{};
  std::array<std::size_t, 64> keys_from_{}; // where the keys of that object begin
  std::vector<std::uint64_t> keys_;         // hashes of the keys of all open objects; each object's are sorted
  std::string key_;
  std::string_view literal_; // what is left of true, false, null
  std::uint32_t depth_ = 0;
  std::uint32_t point_ = 0;  // code point of an escape
  std::uint32_t high_ = 0;   // high surrogate that waits for its low one
  std::uint32_t digits_ = 0; // hex digits, or bytes of a number
  std::uint32_t more_ = 0;   // continuation bytes to come
  unsigned least_ = 0x80;    // bounds of the next one
  unsigned most_ = 0xBF;
  JsonKind kind_ = JsonKind::null; // of the literal
  At at_ = At::root;
  bool in_key_ = false;
  bool begun_ = false; // a byte was seen
  bool failed_ = false;
  Error failure_{};
};

} // namespace ledgergate::inspect
