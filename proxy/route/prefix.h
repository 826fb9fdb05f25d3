// Path prefixes: routes name them decoded, requests and Locations carry them percent-encoded in the sender's own way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ledgergate::route {

// How a prefix is looked for: as it is spelled; or loosely, as an mserver's paths are read: in any case, and slashes in a row as
// one.
enum class Spelling : bool { exact, loose };

// Without trailing slashes: "/app/" and "/app" are one prefix, "/" is the empty one that everything has.
[[nodiscard]] std::string_view trim_slashes(std::string_view prefix) noexcept;

// How many bytes of `path` spell `prefix`, up to the end of a segment; npos when they don't. Both decoded, prefix trimmed.
[[nodiscard]] std::size_t prefix_length(std::string_view path, std::string_view prefix, Spelling spelling) noexcept;
// Whether `path` is `prefix` or lies below it.
[[nodiscard]] inline bool lies_below(std::string_view path, std::string_view prefix, Spelling spelling) noexcept {
  return prefix_length(path, prefix, spelling) != std::string_view::npos;
}

// The same of the percent-encoded `raw`; the prefix is decoded, or has %XX in it itself. An encoded slash is not a slash.
[[nodiscard]] std::size_t prefix_bytes(std::string_view raw, std::string_view prefix, Spelling spelling) noexcept;

// Writes a path from the settings so that it can stand in a request line: what may not stand there is percent-encoded, %XX that is
// there already stays.
void append_encoded(std::string_view path, std::string& out);
void append_decoded(std::string_view path, std::string& out);

} // namespace ledgergate::route
