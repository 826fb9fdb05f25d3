// What others wait for must not need memory.
#include "../allocations.h"

#include "io/loop.h"
#include "io/wake.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::NoMemory;

// However many wait already: a story that could not wait would end in the middle, with what it holds.
TEST(NoMemory, ADeadlineNeedsNone) {
  Loop loop;
  std::vector<std::unique_ptr<Wake>> wakes;
  for (int i = 0; i < 1'000; ++i) wakes.push_back(std::make_unique<Wake>(loop));
  const NoMemory none(0);
  for (auto& wake : wakes) wake->deadline_in(1'000);
  for (auto& wake : wakes) wake->deadline_in(500);
  for (auto& wake : wakes) wake->deadline_at(kNever);
  EXPECT_FALSE(none.failed());
}

} // namespace
} // namespace ledgergate::io::tests
