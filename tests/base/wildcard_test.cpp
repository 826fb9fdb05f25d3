#include "base/wildcard.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate {
namespace {

TEST(Wildcards, MatchRunsOfCharacters) {
  EXPECT_TRUE(wildcard_matches("order", "order", false));
  EXPECT_FALSE(wildcard_matches("order", "Order", false));
  EXPECT_TRUE(wildcard_matches("order", "Order", true));
  EXPECT_FALSE(wildcard_matches("order", "orders", false));
  EXPECT_FALSE(wildcard_matches("orders", "order", false));
  EXPECT_TRUE(wildcard_matches("listStock*", "listStockRequest", false));
  EXPECT_TRUE(wildcard_matches("listStock*", "listStock", false));
  EXPECT_FALSE(wildcard_matches("listStock*", "listOrderRequest", false));
  EXPECT_TRUE(wildcard_matches("*", "", false));
  EXPECT_TRUE(wildcard_matches("**a*b**", "xxaxxabb", false));
  EXPECT_FALSE(wildcard_matches("*a*b", "xxaxxbc", false));
  EXPECT_TRUE(wildcard_matches("*Request", "listRequestRequest", false));
  EXPECT_FALSE(wildcard_matches("", "a", false));
  EXPECT_TRUE(wildcard_matches("", "", false));
  // Time is bounded by pattern times name, however the stars stand.
  EXPECT_FALSE(wildcard_matches("*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a'), false));
}

} // namespace
} // namespace ledgergate
