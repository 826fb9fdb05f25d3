#include "client/siphash.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::client {
namespace {

constexpr SipHash::Key kKey{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

std::uint64_t hash(std::string_view text) {
  SipHash made(kKey);
  made.add(text);
  return made.digest();
}

// Of the authors' own table (vectors.h of the reference implementation), and the example of the paper's appendix A.
TEST(SipHash, IsThatOfItsAuthors) {
  EXPECT_EQ(hash(""), 0x726fdb47dd0e0e31ULL);
  EXPECT_EQ(hash(std::string(1, '\0')), 0x74f839c593dc67fdULL);
  std::string bytes;
  for (char c = 0; c < 15; ++c) bytes += c;
  EXPECT_EQ(hash(bytes), 0xa129ca6149be45e5ULL);
}

TEST(SipHash, IsTheSameInWhateverPieces) {
  const std::string text = "a secret that is longer than one word of it, and than two";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SipHash made(kKey);
    made.add(text.substr(0, cut));
    made.add(text.substr(cut));
    EXPECT_EQ(made.digest(), hash(text));
  }
}

} // namespace
} // namespace ledgergate::client
