// Date as HTTP writes it (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <ctime>
#include <string_view>

namespace ledgergate::route {

// Formatted once a second and thread. Good until the next call on this thread with another second.
[[nodiscard]] std::string_view http_date(std::time_t now) noexcept;

} // namespace ledgergate::route
