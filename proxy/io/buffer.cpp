#include "io/buffer.h"

#include <new>

namespace ledgergate::io {
namespace {
constexpr std::size_t kKeepPerClass = 16;
}

std::size_t BufferPool::class_of(std::size_t size) noexcept {
  std::size_t index = 0;
  for (std::size_t fits = kSmallest; fits < size; fits *= 2) ++index;
  return index;
}

Block BufferPool::take(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index < kClasses) {
    size = kSmallest << index;
    if (auto& list = free_[index]; !list.empty()) {
      char* data = list.back();
      list.pop_back();
      bytes_out_ += size;
      return {data, size};
    }
    // give() must not fail, so its room is made here.
    if (free_[index].capacity() < kKeepPerClass) free_[index].reserve(kKeepPerClass);
  }
  Block block{static_cast<char*>(::operator new(size)), size};
  bytes_out_ += size;
  return block;
}

void BufferPool::give(Block& block) noexcept {
  if (!block) return;
  bytes_out_ -= block.size;
  const std::size_t index = class_of(block.size);
  if (index < kClasses && free_[index].size() < kKeepPerClass)
    free_[index].push_back(block.data);
  else
    ::operator delete(block.data);
  block = {};
}

void BufferPool::drop_spare() noexcept {
  for (auto& list : free_) {
    for (char* data : list) ::operator delete(data);
    list.clear(); // its room stays: give() must not fail
  }
}

BufferPool::~BufferPool() { drop_spare(); }

} // namespace ledgergate::io
