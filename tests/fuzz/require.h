// Shared by the checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace ledgergate::fuzz {

// What is looked at just now, for whoever has to find out why something does not hold.
inline std::string_view current_input;

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\ninput, as a line of seeds/*.txt: ", what);
  for (const char c : current_input) {
    if (c == '\\')
      std::fputs("\\\\", stderr);
    else if (c >= ' ' && c < 0x7F)
      std::fputc(c, stderr);
    else
      std::fprintf(stderr, "\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  std::fputc('\n', stderr);
  std::abort();
}

// The whole, one byte at a time, and in pieces whose sizes follow from the bytes themselves, so that an input shows the same fault
// each time.
inline std::vector<std::vector<std::string_view>> cuts(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> ways{{bytes}};
  for (const std::uint64_t scale : {1U, 3U, 50U}) {
    std::uint64_t state = bytes.size() + scale;
    for (const char c : bytes.substr(0, 64)) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < bytes.size();) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      pieces.push_back(bytes.substr(at, 1 + static_cast<std::size_t>((state >> 33) % scale)));
      at += pieces.back().size();
    }
    ways.push_back(std::move(pieces));
  }
  return ways;
}

} // namespace ledgergate::fuzz
