#include "io/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace ledgergate::io::tests {
namespace {

// The pool belongs to the thread, so each test has a thread, and with it a pool, of its own.
template <class F>
void on_a_fresh_thread(F&& body) {
  std::thread(std::forward<F>(body)).join();
}

TEST(FramePool, TheSteadyStateTakesNothingFromTheHeap) {
  on_a_fresh_thread([] {
    for (int round = 0; round < 100; ++round) {
      void* small = FramePool::allocate(200);
      void* large = FramePool::allocate(1500);
      std::memset(small, 1, 200);
      std::memset(large, 1, 1500);
      FramePool::release(large, 1500);
      FramePool::release(small, 200);
    }
    EXPECT_EQ(FramePool::heap_frames(), 2U);
  });
}

TEST(FramePool, FramesOfOneSizeClassServeEachOther) {
  on_a_fresh_thread([] {
    void* first = FramePool::allocate(130);
    FramePool::release(first, 130);
    void* second = FramePool::allocate(144); // 129..144 is one class
    std::memset(second, 1, 144);
    EXPECT_EQ(second, first);
    FramePool::release(second, 144);
    EXPECT_EQ(FramePool::heap_frames(), 1U);
  });
}

TEST(FramePool, VeryLargeFramesAreNotKept) {
  on_a_fresh_thread([] {
    for (int round = 0; round < 3; ++round) {
      void* frame = FramePool::allocate(100'000);
      std::memset(frame, 1, 100'000);
      FramePool::release(frame, 100'000);
    }
    EXPECT_EQ(FramePool::heap_frames(), 3U);
  });
}

TEST(FramePool, GivesTheLeftoversOfABurstBackToTheHeap) {
  on_a_fresh_thread([] {
    std::vector<void*> burst;
    for (int i = 0; i < 1000; ++i) burst.push_back(FramePool::allocate(512));
    for (void* frame : burst) FramePool::release(frame, 512);
    EXPECT_EQ(FramePool::heap_frames(), 1000U);
    for (void*& frame : burst) frame = FramePool::allocate(512);
    // Some were kept and some were not: a burst is neither remembered for ever nor forgotten at once.
    EXPECT_GT(FramePool::heap_frames(), 1000U);
    EXPECT_LT(FramePool::heap_frames(), 2000U);
    for (void* frame : burst) FramePool::release(frame, 512);
  });
}

} // namespace
} // namespace ledgergate::io::tests
