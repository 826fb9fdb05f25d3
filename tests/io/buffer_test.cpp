#include "io/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

namespace ledgergate::io::tests {
namespace {

TEST(BufferPool, LendsAtLeastWhatWasAskedFor) {
  BufferPool pool;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{4097}, std::size_t{100'000}, std::size_t{256} << 10,
                                 (std::size_t{256} << 10) + 1}) {
    Block block = pool.take(size);
    ASSERT_GE(block.size, size);
    std::memset(block.data, 'x', block.size); // all of it is ours: a sanitizer would say otherwise
    pool.give(block);
    EXPECT_FALSE(block);
  }
  EXPECT_EQ(pool.bytes_out(), 0U);
}

TEST(BufferPool, LendsABlockThatCameBackAgain) {
  BufferPool pool;
  Block first = pool.take(5000);
  const char* const data = first.data;
  pool.give(first);
  Block second = pool.take(8000); // of the same class
  EXPECT_EQ(second.data, data);
  pool.give(second);
}

TEST(BufferPool, NeverLendsABlockTwice) {
  BufferPool pool;
  std::vector<Block> out;
  std::set<char*> seen;
  for (int i = 0; i < 40; ++i) out.push_back(pool.take(4096));
  for (const Block& block : out) EXPECT_TRUE(seen.insert(block.data).second);
  EXPECT_EQ(pool.bytes_out(), 40U * 4096);
  for (Block& block : out) pool.give(block); // more than it keeps
  EXPECT_EQ(pool.bytes_out(), 0U);
}

TEST(BufferPool, TakesNothingBackAsNothing) {
  BufferPool pool;
  Block nothing;
  pool.give(nothing);
  EXPECT_EQ(pool.bytes_out(), 0U);
}

} // namespace
} // namespace ledgergate::io::tests
