// Ways of cutting the same bytes into pieces.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

// The whole, one byte at a time, and ten random cuts. The seed is fixed: a failure comes again.
inline std::vector<std::vector<std::string_view>> ways_to_cut(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> ways{{bytes}, {}};
  for (std::size_t i = 0; i < bytes.size(); ++i) ways[1].push_back(bytes.substr(i, 1));
  std::mt19937 random(20200618);
  for (int i = 0; i < 10; ++i) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t most = i % 2 == 0 ? 7 : 400;
      const std::size_t size = std::uniform_int_distribution<std::size_t>(0, most)(random);
      pieces.push_back(bytes.substr(at, size));
      at += pieces.back().size();
    }
    ways.push_back(std::move(pieces));
  }
  return ways;
}

// Feeds the pieces and says how it ended.
template <class Reader>
Result<void> feed_all(Reader& reader, const std::vector<std::string_view>& pieces) {
  for (const std::string_view piece : pieces) {
    const auto fed = reader.feed(piece);
    if (!fed) return fed;
  }
  return reader.finish();
}

} // namespace ledgergate::inspect
