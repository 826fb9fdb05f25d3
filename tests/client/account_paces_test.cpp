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

TEST_F(AccountPacesTest, InventedNamesNeverMakeItGrowAndTheOneWithTheFewestGoes) {
  std::uint32_t given = 0;
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::map<std::string, std::uint32_t> before;
    paces.each([&](const std::string& name, const AccountPaces::Account& account) { before[name] = account.failures(); });
    const std::string name = "an invented name, long enough to be on the heap " + std::to_string(i);
    touch(name);
    std::uint32_t fewest = ~0U, gone = 0, sum = 0;
    for (const auto& [known, failures] : before) {
      fewest = std::min(fewest, failures);
      if (!knows(known)) gone = failures;
    }
    ASSERT_EQ(paces.size(), std::min<std::size_t>(3, before.size() + 1));
    if (before.size() == 3) {
      ASSERT_EQ(gone, fewest);
      ASSERT_EQ(failures(name), fewest) << "what was counted with it is counted with the new one";
    }
    const auto times = 1 + random() % 9;
    fail(name, static_cast<int>(times));
    given += static_cast<std::uint32_t>(times);
    paces.each([&](const std::string&, const AccountPaces::Account& account) { sum += account.failures(); });
    ASSERT_EQ(sum, given) << "each failure is counted with somebody";
  }
}

} // namespace
} // namespace ledgergate::client::tests
