#include "base/wildcard.h"

#include <cstddef>

namespace ledgergate {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(char a, char b, bool any_case) noexcept { return a == b || (any_case && lower(a) == lower(b)); }

} // namespace

bool wildcard_matches(std::string_view pattern, std::string_view name, bool any_case) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos; // the last '*' seen, and where in the name it was tried to end
  std::size_t tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
    } else if (p < pattern.size() && same(pattern[p], name[n], any_case)) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

} // namespace ledgergate
