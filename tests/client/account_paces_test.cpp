#include "client/account_paces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ledgergate::client::tests {
namespace {

constexpr Nanos kHour = 3'600'000'000'000;

struct AccountPacesTest : ::testing::Test {
  AccountPaces::Account& touch(const std::string& name) { return paces.touch(name, kHour, ++now); }
  void fail(const std::string& name, int times) {
    AccountPaces::Account& account = touch(name);
    for (; times > 0; --times) paces.fail(account, kHour, ++now);
  }
  std::uint32_t failures(const std::string& name) {
    const AccountPaces::Account* account = paces.find(name);
    EXPECT_NE(account, nullptr) << name;
    return account == nullptr ? 0 : account->failures();
  }
  bool knows(const std::string& name) { return paces.find(name) != nullptr; }

  AccountPaces paces{3};
  Nanos now = kHour;
};

TEST_F(AccountPacesTest, CountsFailuresAsLongAsTheyAreOfOneTime) {
  fail("a", 2);
  AccountPaces::Account& account = *paces.find("a");
  EXPECT_EQ(account.failures(), 2U);
  EXPECT_EQ(account.first(), kHour + 2) << "since the first of them";
  EXPECT_EQ(account.counted(kHour, account.first() + kHour), 2U);
  EXPECT_EQ(account.counted(kHour, account.first() + kHour + 1), 0U);
  now = account.first() + kHour;
  paces.fail(account, kHour, now);
  EXPECT_EQ(account.failures(), 3U);
  paces.fail(account, kHour, ++now);
  EXPECT_EQ(account.failures(), 1U);
  EXPECT_EQ(account.first(), now);
}

TEST_F(AccountPacesTest, ForgivesAndForgetsWhoHasNoneLeft) {
  fail("a", 3);
  paces.forgive(*paces.find("a"), 1);
  paces.settle("a");
  EXPECT_EQ(failures("a"), 2U);
  paces.forgive(*paces.find("a"), 5);
  paces.find("a")->pending = 1;
  paces.settle("a");
  EXPECT_TRUE(knows("a")) << "a guess is on its way";
  paces.find("a")->pending = 0;
  paces.settle("a");
  EXPECT_FALSE(knows("a"));
  EXPECT_EQ(paces.size(), 0U);
  paces.settle("a");
}

TEST_F(AccountPacesTest, ANewOneTakesThePlaceAndTheFailuresOfTheOneWithTheFewest) {
  fail("a", 3);
  fail("b", 1);
  fail("c", 2);
  const Nanos first = paces.find("b")->first();
  touch("d");
  EXPECT_FALSE(knows("b"));
  EXPECT_EQ(failures("d"), 1U);
  EXPECT_EQ(paces.find("d")->first(), first);
  touch("a");
  EXPECT_EQ(failures("a"), 3U) << "who is known takes nobody's place";
  EXPECT_EQ(paces.size(), 3U);
}

TEST_F(AccountPacesTest, ANewOneTakesThePlaceOfOneWhoseTimeIsOverAndBeginsWithNone) {
  fail("a", 5);
  now += kHour;
  fail("b", 1);
  fail("c", 2);
  touch("d");
  EXPECT_FALSE(knows("a"));
  EXPECT_TRUE(knows("b"));
  EXPECT_EQ(failures("d"), 0U);
  EXPECT_EQ(paces.find("d")->first(), now);
}

TEST_F(AccountPacesTest, WhoHasGuessesOnTheirWayIsNotForgotten) {
  for (const char* name : {"a", "b", "c"}) {
    fail(name, 1);
    paces.find(name)->pending = 1;
  }
  fail("d", 1);
  EXPECT_EQ(paces.size(), 4U) << "all of them have";
  paces.find("d")->pending = 1;
  paces.find("b")->pending = 0;
  touch("e");
  EXPECT_FALSE(knows("b"));
  EXPECT_EQ(paces.size(), 4U);
}

TEST_F(AccountPacesTest, InventedNamesNeverMakeItGrowNorFewerFailures) {
  fail("right", 4);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "an invented name, long enough to be on the heap " + std::to_string(i);
    fail(name, 1);
    ASSERT_EQ(paces.size(), std::min<std::size_t>(3, static_cast<std::size_t>(i) + 2));
    std::uint32_t least = failures(name), sum = 0;
    paces.each([&](const std::string&, const AccountPaces::Account& account) {
      least = std::min(least, account.failures());
      sum += account.failures();
    });
    ASSERT_EQ(sum, 4U + 1U + static_cast<std::uint32_t>(i)) << "each failure is counted with somebody";
    if (knows("right")) {
      ASSERT_EQ(failures("right"), 4U);
    } else {
      ASSERT_GE(least, 4U) << "it was the one with the fewest when it had to go";
    }
  }
}

} // namespace
} // namespace ledgergate::client::tests
