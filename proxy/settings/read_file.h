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

// Whether every user of the machine may change what stands there (a file or a directory): then it says nothing of who may come in.
[[nodiscard]] bool others_may_write(const std::string& path) noexcept;
inline constexpr std::string_view kOthersMayWrite = "every user of this machine may change it; run: chmod o-w ";

} // namespace ledgergate::settings
