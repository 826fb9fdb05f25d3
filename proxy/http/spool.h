// A body kept whole: in memory up to a bound, beyond it in an unlinked file that nothing can leave behind, not even kill -9.
//
// The file is written with pwrite on the loop's thread: it goes to the page cache, and only bodies beyond `memory` get here.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::http {

class Spool {
public:
  Spool() = default;
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Empties it and sets its bounds. `directory` must outlive the spool's use.
  void open(const std::string& directory, std::size_t memory) noexcept;
  // Errors: spool_failed (disk full, quota, no such directory), out_of_memory.
  [[nodiscard]] Result<void> append(std::string_view bytes) noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // Reads up to `size` bytes at `offset` into `out`; the number read, 0 at the end. Error: spool_failed.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const noexcept;
  // Gives everything back.
  void clear() noexcept;

private:
  std::string_view directory_;
  std::size_t memory_bound_ = 0;
  std::string memory_;
  std::uint64_t size_ = 0;
  int file_ = -1;
  [[nodiscard]] bool to_file() noexcept;
  [[nodiscard]] bool write_all(std::string_view bytes, std::uint64_t offset) const noexcept;
};

} // namespace ledgergate::http
