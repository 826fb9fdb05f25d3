#include "client/suspects.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::client::tests {
namespace {

constexpr std::size_t kMost = 4;

struct SuspectsTest : ::testing::Test {
  static Source source(int number) { return {*IpAddress::parse("203.0.113." + std::to_string(number)), ""}; }
  // One that has failed with an account, and was banned so often with it and with all of them together.
  void put(int number, std::uint32_t bans, std::uint32_t of_all) {
    Suspect& suspect = suspects.touch(source(number));
    suspect.touch(settings::Lockout(), "shop", true, 1).tally = {1, bans, 1, 1, 0};
    suspect.all = {1, of_all, 1, 1, 0};
    suspects.settle(source(number));
  }
  bool knows(int number) { return suspects.find(source(number)) != nullptr; }

  Suspects suspects{kMost};
};

TEST_F(SuspectsTest, TheOneTouchedLongestAgoGoesFirst) {
  for (int n = 1; n <= 4; ++n) put(n, 0, 0);
  suspects.touch(source(1));
  put(5, 0, 0);
  EXPECT_TRUE(knows(1));
  EXPECT_FALSE(knows(2));
  EXPECT_EQ(suspects.size(), kMost);
}

TEST_F(SuspectsTest, NoFloodOfOthersPushesOutWhoWasBanned) {
  put(1, 1, 0);
  put(2, 0, 1);
  for (int n = 10; n < 100; ++n) put(n, 0, 0);
  EXPECT_TRUE(knows(1)) << "banned with one account";
  EXPECT_TRUE(knows(2)) << "banned with all of them";
  EXPECT_EQ(suspects.size(), 2 + kMost);
}

TEST_F(SuspectsTest, WhoWasBannedPushesOutNoneOfTheOthers) {
  for (int n = 1; n <= 3; ++n) put(n, 0, 0); // whoever is new is one of these until it is banned
  for (int n = 10; n < 100; ++n) put(n, 1, 1);
  for (int n = 1; n <= 3; ++n) EXPECT_TRUE(knows(n)) << n;
  EXPECT_TRUE(knows(99));
  EXPECT_FALSE(knows(95)) << "of these, too, there are no more";
  EXPECT_EQ(suspects.size(), 3 + kMost);
}

TEST_F(SuspectsTest, WhoseBansAreForgottenIsOneOfTheOthersAgain) {
  put(1, 1, 1);
  put(1, 0, 0);
  for (int n = 10; n < 14; ++n) put(n, 0, 0);
  EXPECT_FALSE(knows(1));
}

TEST_F(SuspectsTest, NoneWithAGuessOnItsWayGoes) {
  put(1, 0, 0);
  suspects.find(source(1))->pending = 1;
  for (int n = 10; n < 100; ++n) put(n, 0, 0);
  EXPECT_TRUE(knows(1));
  EXPECT_EQ(suspects.size(), kMost);
}

TEST_F(SuspectsTest, IsForgottenWhereNothingIsLeft) {
  put(1, 0, 0);
  Suspect& suspect = *suspects.find(source(1));
  suspect.accounts.front().tally = {};
  suspects.settle(source(1));
  ASSERT_TRUE(knows(1));
  EXPECT_TRUE(suspect.accounts.empty());
  suspect.stale.push_back(7);
  suspect.all = {};
  suspects.settle(source(1));
  ASSERT_TRUE(knows(1)) << "a secret that failed";
  suspect.stale.clear();
  suspect.pending = 1;
  suspects.settle(source(1));
  ASSERT_TRUE(knows(1)) << "a guess is on its way";
  suspect.pending = 0;
  suspects.settle(source(1));
  EXPECT_FALSE(knows(1));
  EXPECT_EQ(suspects.size(), 0U);
}

} // namespace
} // namespace ledgergate::client::tests
