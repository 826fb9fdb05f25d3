#include "client/proof_words.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ledgergate::client {
namespace {

TEST(ProofWords, NameEachWayOnceInTheSameOrder) {
  const std::pair<settings::Proofs, std::string> single[] = {{settings::kCertificate, "certificate"},
                                                             {settings::kApiKey, "key"},
                                                             {settings::kPassword, "password"},
                                                             {settings::kAddress, "address"}};
  for (settings::Proofs proofs = 0; proofs < 16; ++proofs) {
    std::string expected;
    for (const auto& [proof, word] : single)
      if ((proofs & proof) != 0) expected += (expected.empty() ? "" : ",") + word;
    EXPECT_EQ(proof_words(proofs), expected);
  }
}

} // namespace
} // namespace ledgergate::client
