// Names against patterns in which `*` stands for any run of characters.
#pragma once

#include <string_view>

namespace ledgergate {

// Whether `name` is what `pattern` means; `*` stands for any run of characters, also none. `any_case`: of ASCII letters.
[[nodiscard]] bool wildcard_matches(std::string_view pattern, std::string_view name, bool any_case) noexcept;

} // namespace ledgergate
