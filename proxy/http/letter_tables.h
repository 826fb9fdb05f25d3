// The tables behind letters.h, in the order of their code points. scripts/letter-forms makes and checks them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ledgergate::http {

// What letters that follow each other become, one each; NUL: no other than itself.
struct Run {
  char32_t first = 0;
  std::u16string_view forms;
};
// What becomes more than one letter.
struct Spelling {
  char32_t point = 0;
  std::u16string_view form;
};
struct Range {
  char32_t first = 0;
  char32_t last = 0;
};

// Capital letters, each `step` behind the one before, and how far from each its small letter stands.
struct Capitals {
  char32_t first = 0;
  char32_t last = 0;
  std::uint8_t step = 1;
  std::int32_t distance = 0;
};

extern const std::span<const Run> unicode_runs;
extern const std::span<const Spelling> spellings;
extern const std::span<const Run> windows_runs;
extern const std::span<const Capitals> capitals;
extern const std::span<const Range> marks;
extern const std::span<const Range> ignorables;

} // namespace ledgergate::http
