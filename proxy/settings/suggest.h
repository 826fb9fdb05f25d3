// "did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

// " (did you mean `address`?)" when one of `known` is near enough to `word`, else "".
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

} // namespace ledgergate::settings
