// The text of a config file, from the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ledgergate::settings {

inline constexpr std::size_t kLargestFile = 1024 * 1024;
inline constexpr std::string_view kTooLarge = "larger than 1 MiB; this is no config file";

// "" and the text, or why not: only a regular file of at most kLargestFile bytes is read.
[[nodiscard]] std::string read_file(const std::string& path, std::string& text);

} // namespace ledgergate::settings
