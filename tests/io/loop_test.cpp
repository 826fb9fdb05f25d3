// The loop itself: what it makes beforehand.
#include "../loop_world.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

std::atomic<int> asked_of_libuv{0};

// Counts what libuv asks for: where it gets nothing for its table of descriptors it ends the process.
bool count_what_libuv_asks_for() {
  static const int status = uv_replace_allocator(
      [](std::size_t size) { return ++asked_of_libuv, std::malloc(size); },
      [](void* block, std::size_t size) { return ++asked_of_libuv, std::realloc(block, size); },
      [](std::size_t number, std::size_t size) { return ++asked_of_libuv, std::calloc(number, size); }, std::free);
  return status == 0;
}

Socket with_number(const Socket& socket, int number) { return Socket(::fcntl(socket.get(), F_DUPFD_CLOEXEC, number)); }

TEST(Loop, ThatIsPreparedWatchesEveryDescriptorWithoutMemory) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 5'000));
  ASSERT_TRUE(count_what_libuv_asks_for());
  LoopWorld world;
  ASSERT_TRUE(world.loop.prepare(most));
  world.settle();
  const int before = asked_of_libuv;
  for (const int number : {20, 100, 600, most / 2, most - 1}) {
    auto [near, far] = connected_pair();
    const auto stream = world.adopt(with_number(near, number));
    ASSERT_NE(stream, nullptr) << number;
    world.settle();
    EXPECT_EQ(asked_of_libuv, before) << number;
  }
}

// Whoever holds the highest one keeps it.
TEST(Loop, IsPreparedBesideADescriptorOfTheHighestNumber) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 5'000));
  auto [near, far] = connected_pair();
  const Socket highest = with_number(near, most - 1);
  ASSERT_EQ(highest.get(), most - 1);
  LoopWorld world;
  EXPECT_TRUE(world.loop.prepare(most));
  EXPECT_GE(::fcntl(highest.get(), F_GETFD), 0);
}

TEST(Loop, SaysThatThereIsNoDescriptorForIt) {
  LoopWorld world;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool prepared = world.loop.prepare(100);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(prepared);
}

} // namespace
} // namespace ledgergate::io::tests
