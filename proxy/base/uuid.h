// UUIDs as ApiComPrem's callers and its administrators write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ledgergate {

// "0F8FAD5B-D9CB-469F-A165-70867728950E" in lower case with hyphens in the 8-4-4-4-12 places (RFC 9562 section 4). Read from any
// case, with `urn:uuid:`, in braces or parentheses, with hyphens anywhere between the digits or none, with blanks around: what a
// server could take for the same unit must not count as another. Nothing when there are not 32 hex digits.
[[nodiscard]] std::optional<std::string> normalise_uuid(std::string_view text);

} // namespace ledgergate
