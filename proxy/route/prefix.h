// Path prefixes: routes name them decoded, requests and Locations carry them percent-encoded in the sender's own way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ledgergate::route {

enum class Letters : bool { as_they_are, any_case };

// Without trailing slashes: "/app/" and "/app" are one prefix, "/" is the empty one that everything has.
[[nodiscard]] std::string_view trim_slashes(std::string_view prefix) noexcept;

// Whether `path` is `prefix` or lies below it. Both decoded, prefix trimmed.
[[nodiscard]] bool lies_below(std::string_view path, std::string_view prefix, Letters letters) noexcept;

// How many bytes of the percent-encoded `raw` spell the trimmed `prefix` (decoded, or itself with %XX in it), up to the end of a
// segment. npos when they don't.
[[nodiscard]] std::size_t prefix_bytes(std::string_view raw, std::string_view prefix, Letters letters) noexcept;

// Writes a path from the settings so that it can stand in a request line: what may not stand there is percent-encoded, %XX that is
// there already stays.
void append_encoded(std::string_view path, std::string& out);
void append_decoded(std::string_view path, std::string& out);

} // namespace ledgergate::route
