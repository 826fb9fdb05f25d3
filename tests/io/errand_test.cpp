#include "io/loop.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::LoopWorld;

struct Noted final : Errand {
  Noted(std::vector<int>& its_arrived, int its_number) : arrived(its_arrived), number(its_number) {}
  void arrive() noexcept override {
    arrived.push_back(number);
    if (then) then();
  }
  std::vector<int>& arrived;
  int number;
  std::function<void()> then;
};

struct ErrandTest : ::testing::Test, LoopWorld {
  std::shared_ptr<Noted> errand(int number) { return std::make_shared<Noted>(arrived, number); }
  std::vector<int> arrived;
};

TEST_F(ErrandTest, SeveralArriveInTheirOrder) {
  std::vector<int> sent;
  for (int number = 0; number < 5; ++number) {
    loop.send(errand(number));
    sent.push_back(number);
  }
  ASSERT_TRUE(until([&] { return arrived.size() >= sent.size(); }));
  loop.send(errand(5));
  loop.send(errand(6));
  sent.insert(sent.end(), {5, 6});
  ASSERT_TRUE(until([&] { return arrived.size() >= sent.size(); }));
  settle();
  EXPECT_EQ(arrived, sent);
}

TEST_F(ErrandTest, OneOnItsWayIsNotSentASecondTime) {
  const auto one = errand(1);
  loop.send(one);
  loop.send(errand(2));
  loop.send(one);
  settle();
  EXPECT_EQ(arrived, (std::vector<int>{1, 2}));
  loop.send(one);
  settle();
  EXPECT_EQ(arrived, (std::vector<int>{1, 2, 1})) << "it has arrived and can be sent again";
}

TEST_F(ErrandTest, OneMaySendItselfAndOthersWhenItArrives) {
  const auto one = errand(1);
  one->then = [&] {
    if (arrived.size() >= 5) return;
    loop.send(errand(2));
    loop.send(one);
  };
  loop.send(one);
  ASSERT_TRUE(until([&] { return arrived.size() >= 5; }));
  settle();
  EXPECT_EQ(arrived, (std::vector<int>{1, 2, 1, 2, 1}));
}

TEST_F(ErrandTest, ItsOwnerMayLetGoOfItAndTheLoopLetsGoBehindIt) {
  auto one = errand(1);
  const std::weak_ptr<Noted> seen = one;
  loop.send(one);
  one.reset();
  EXPECT_FALSE(seen.expired());
  settle();
  EXPECT_EQ(arrived, std::vector<int>{1});
  EXPECT_TRUE(seen.expired());
}

TEST(Errand, IsDroppedBehindTheEndAndALongListEndsWithTheLoop) {
  std::vector<int> arrived;
  std::weak_ptr<Noted> first, late;
  {
    Loop loop;
    for (int number = 0; number < 200'000; ++number) {
      const auto one = std::make_shared<Noted>(arrived, number);
      if (number == 0) first = one;
      loop.send(one);
    }
    loop.stop();
    const auto one = std::make_shared<Noted>(arrived, -1);
    late = one;
    loop.send(one);
    EXPECT_EQ(one.use_count(), 1);
  }
  EXPECT_TRUE(first.expired());
  EXPECT_TRUE(late.expired());
}

} // namespace
} // namespace ledgergate::io::tests
