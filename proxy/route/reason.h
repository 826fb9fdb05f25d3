// Reason phrases for status lines that have none of their own (RFC 9110 section 15 and the IANA registry).
#pragma once

#include <cstdint>
#include <string_view>

namespace ledgergate::route {

// Empty for a code without a registered phrase.
[[nodiscard]] std::string_view standard_reason(std::uint16_t status) noexcept;

} // namespace ledgergate::route
