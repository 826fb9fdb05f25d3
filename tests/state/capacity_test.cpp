#include "state/capacity.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

namespace ledgergate::tests {
namespace {

struct Slots : ::testing::Test {
  std::shared_ptr<std::atomic<std::uint32_t>> listener = std::make_shared<std::atomic<std::uint32_t>>(0);
  Capacity process;
};

TEST_F(Slots, CountAsLongAsTheyLive) {
  {
    const Slot one(listener, 10, process);
    const Slot two(listener, 10, process);
    EXPECT_TRUE(one.taken());
    EXPECT_TRUE(two.taken());
    EXPECT_EQ(*listener, 2U);
    EXPECT_EQ(process.open, 2U);
  }
  EXPECT_EQ(*listener, 0U);
  EXPECT_EQ(process.open, 0U);
}

TEST_F(Slots, EndAtTheListenersBound) {
  std::optional<Slot> one(std::in_place, listener, 2, process);
  const Slot two(listener, 2, process);
  EXPECT_FALSE(Slot(listener, 2, process).taken());
  EXPECT_EQ(*listener, 2U) << "who was not let in does not count";
  EXPECT_EQ(process.open, 2U);
  one.reset();
  EXPECT_TRUE(Slot(listener, 2, process).taken());
}

TEST_F(Slots, EndAtTheProcessesBoundWhateverTheListener) {
  process.most = 2;
  const auto other = std::make_shared<std::atomic<std::uint32_t>>(0);
  const Slot one(listener, 10, process);
  const Slot two(other, 10, process);
  EXPECT_FALSE(Slot(other, 10, process).taken());
  EXPECT_EQ(*other, 1U);
  EXPECT_EQ(process.open, 2U);
}

TEST_F(Slots, CountOnceWhereverTheyAreMoved) {
  {
    Slot first(listener, 10, process);
    const Slot second(std::move(first));
    EXPECT_TRUE(second.taken());
    EXPECT_EQ(*listener, 1U);
    EXPECT_EQ(process.open, 1U);
  }
  EXPECT_EQ(*listener, 0U);
  EXPECT_EQ(process.open, 0U);
}

TEST_F(Slots, TellWhichBoundItWas) {
  process.most = 1;
  const Slot one(listener, 1, process);
  EXPECT_FALSE(one.process_full());
  EXPECT_TRUE(Slot(std::make_shared<std::atomic<std::uint32_t>>(0), 1, process).process_full());
  process.most = 10;
  EXPECT_FALSE(Slot(listener, 1, process).process_full());
}

// A listener's counts live in a snapshot that a reload lets go of while its callers are still there.
TEST_F(Slots, KeepTheirListenersCountAlive) {
  std::optional<Slot> slot(std::in_place, listener, 10, process);
  const std::weak_ptr<std::atomic<std::uint32_t>> watched = listener;
  listener.reset();
  EXPECT_FALSE(watched.expired());
  slot.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(process.open, 0U);
}

TEST(SharesOfDescriptors, LeaveAReserveForFilesAndAnotherForTheRest) {
  const auto shares = share_descriptors(1064, 40);
  EXPECT_EQ(shares.bounds.files, 1000);
  EXPECT_EQ(shares.bounds.sockets, 936);
  EXPECT_EQ(shares.callers, 597U) << "two thirds of the sockets: each may need a server";
}

TEST(SharesOfDescriptors, AreSmallWhereThereIsLittle) {
  const auto shares = share_descriptors(64, 40);
  EXPECT_EQ(shares.bounds.files, 61);
  EXPECT_EQ(shares.bounds.sockets, 58);
  EXPECT_EQ(shares.callers, 12U);
}

TEST(SharesOfDescriptors, LetFourInWhateverTheLimit) {
  EXPECT_EQ(share_descriptors(30, 40).callers, 4U);
  EXPECT_EQ(share_descriptors(0, 0).callers, 4U);
}

TEST(SharesOfDescriptors, DoNotGrowWithoutBound) {
  const auto shares = share_descriptors(std::uint64_t{1} << 40U, 40);
  EXPECT_EQ(shares.bounds.files, INT_MAX);
}

TEST(SharesOfDescriptors, AreOfNoMoreThanALoopHasATableFor) {
  EXPECT_LE(most_descriptors(), kMostDescriptors);
  EXPECT_LE(shares_of_descriptors().bounds.files, kMostDescriptors);
}

} // namespace
} // namespace ledgergate::tests
