// Blocks of bytes in a few sizes, kept for reuse by the loop that owns them; and Bytes, a window of filled bytes in a block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ledgergate::io {

struct Block {
  char* data = nullptr;
  std::size_t size = 0;
  explicit operator bool() const noexcept { return data != nullptr; }
};

class BufferPool {
public:
  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();
  // At least `size` bytes, uninitialised. Throws std::bad_alloc.
  [[nodiscard]] Block take(std::size_t size);
  // Any block of this pool; leaves it empty.
  void give(Block& block) noexcept;
  // Gives back what is kept for reuse.
  void drop_spare() noexcept;
  [[nodiscard]] std::size_t bytes_out() const noexcept { return bytes_out_; } // lent now

private:
  // 4 KiB, 8 KiB, … 256 KiB. Larger ones are made and freed each time.
  static constexpr std::size_t kSmallest = 4096;
  static constexpr std::size_t kClasses = 7;
  std::array<std::vector<char*>, kClasses> free_;
  std::size_t bytes_out_ = 0;
  static std::size_t class_of(std::size_t size) noexcept;
};

// A window [begin, end) of filled bytes in a block that is owned by whoever owns the window.
struct Bytes {
  Block block;
  std::size_t begin = 0, end = 0;
  [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
  [[nodiscard]] std::size_t room() const noexcept { return block.size - end; }
  [[nodiscard]] const char* data() const noexcept { return block.data + begin; }
  [[nodiscard]] char* tail() const noexcept { return block.data + end; }
  [[nodiscard]] std::string_view view() const noexcept {
    return block.data == nullptr ? std::string_view{} : std::string_view(data(), size());
  }
};

} // namespace ledgergate::io
