// Whether bytes are one JSON value (RFC 8259) and nothing else but blanks, judged as they come: of a long text nothing is kept but
// which arrays and objects are open. A mark (U+FEFF) may stand in front. Whether it is UTF-8 is for others to say.
//
// Why not a library: Debian's readers pull, so that all of it must be there at once, and keep each string whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ledgergate::profile {

class JsonValue {
public:
  static constexpr std::size_t kDeepest = std::size_t{1} << 20U; // arrays and objects that are open: 128 KiB of bits

  // The next bytes. Throws std::bad_alloc.
  void feed(std::string_view bytes);
  // That was all: whether it was one value.
  [[nodiscard]] bool whole() const noexcept;
  // It has begun as an object or a list, nothing was wrong, and its end has not come.
  [[nodiscard]] bool cut() const noexcept { return at_ != At::failed && !open_.empty(); }

private:
  enum class At : std::uint8_t {
    start,
    mark_2,
    mark_3,
    value,
    first_item,
    first_key,
    key,
    colon,
    behind,
    string,
    escape,
    hex,
    low_backslash,
    low_u,
    literal,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    failed,
  };

  std::vector<bool> open_;   // what is open, outermost first; true: an object
  std::string_view literal_; // what is left of true, false, null
  std::uint32_t unit_ = 0;   // of an escape: UTF-16
  std::uint32_t digits_ = 0; // of it, so far
  At at_ = At::start;
  bool in_key_ = false;
  bool high_ = false; // the escape before was a high surrogate

  void judge(char c);
  void judge_mark(char c);
  void judge_value(char c);
  void judge_behind(char c);
  void judge_string(char c) noexcept;
  void judge_escape(char c) noexcept;
  void judge_hex(char c) noexcept;
  void judge_number(char c);
  void open(bool object);
  void close(bool object) noexcept;
  void begin_string(bool key) noexcept;
};

} // namespace ledgergate::profile
