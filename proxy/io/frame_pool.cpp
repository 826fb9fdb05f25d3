#include "io/frame_pool.h"

#include "base/prepare_thread.h"

#include <new>

namespace ledgergate::io {
namespace {

constexpr std::size_t kStep = 16;            // as the heap; many thousands of connections idle, each in a few frames
constexpr std::size_t kClasses = 256;        // frames up to 4 KiB are pooled
constexpr std::uint32_t kKeepPerClass = 256; // what a burst leaves behind is given back to the heap

struct Free {
  Free* next;
};
struct Pool {
  std::array<Free*, kClasses> lists{};
  std::array<std::uint32_t, kClasses> kept{};
  std::uint64_t from_heap = 0;
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (Free* head : lists) {
      while (head != nullptr) {
        Free* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
  }
};
thread_local Pool pool;
const PreparedThread prepared([] { pool.from_heap = 0; });

constexpr std::size_t class_of(std::size_t size) { return (size + kStep - 1) / kStep; }

} // namespace

void* FramePool::allocate(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index < kClasses) {
    if (Free* head = pool.lists[index]; head != nullptr) {
      pool.lists[index] = head->next;
      --pool.kept[index];
      return head;
    }
    size = index * kStep;
  }
  ++pool.from_heap;
  return ::operator new(size);
}

void FramePool::release(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (index < kClasses && pool.kept[index] < kKeepPerClass) {
    Free* head = static_cast<Free*>(frame);
    head->next = pool.lists[index];
    pool.lists[index] = head;
    ++pool.kept[index];
    return;
  }
  ::operator delete(frame);
}

std::uint64_t FramePool::heap_frames() noexcept { return pool.from_heap; }

} // namespace ledgergate::io
