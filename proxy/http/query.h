// A value in a query: percent-encoded (RFC 3986 section 2.1), any byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::http {

// Nothing when it is not well made; a '+' is a '+'.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

} // namespace ledgergate::http
