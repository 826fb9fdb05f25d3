// A body kept at the edge: in memory up to a bound, beyond it (or when the memory of all bodies is used up) in an unlinked file
// that nothing can leave behind, not even kill -9. What it holds is charged to a SpoolPart.
//
// The file is written with pwrite on the loop's thread, into the page cache: measured, 85 KiB take 0.03 ms, less than the TLS
// records they came in. A disk that can't take dirty pages at that rate makes pwrite wait; what a story moves before the loop comes
// round again is bounded (request/stretch.h), so each wait is that of one such stretch. What did show is closing a large file (12
// ms of CPU for 256 MiB on ext4, while its blocks are freed): that happens on another thread.
#pragma once

#include "base/result.h"
#include "http/spool_budget.h"
#include "io/loop.h"

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

  // Empties it and sets its bounds. `directory` must outlive the spool's use, `loop` (the caller's, or null: large files are closed
  // on the spot) too.
  void open(const std::string& directory, std::size_t memory, SpoolPart part = {}, io::Loop* loop = nullptr) noexcept;
  // Whether a body of this length would fit now, beside what others hold. Errors as append()'s.
  [[nodiscard]] Result<void> room_for(std::uint64_t bytes) const noexcept;
  // Errors: spool_failed (disk full, quota, no such directory), spool_full (all bodies, or this client's, hold what they may),
  // body_too_large (this one alone is more than a client may hold), out_of_memory.
  [[nodiscard]] Result<void> append(std::string_view bytes) noexcept;
  // Bytes ever appended.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // Bytes of memory that it holds.
  [[nodiscard]] std::size_t memory() const noexcept { return memory_.capacity(); }
  // Reads up to `size` bytes at `offset` into `out`; the number read, 0 at the end. Error: spool_failed. What was released is gone.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t size) const noexcept;
  // Nothing before `offset` will be read again: its memory and disk are given back, the disk's in steps. When nothing is left, what
  // comes next begins in memory again.
  void release(std::uint64_t offset) noexcept;
  // Gives everything back.
  void clear() noexcept;

private:
  io::Loop* loop_ = nullptr;
  std::string_view directory_;
  std::size_t memory_bound_ = 0;
  SpoolPart part_;
  std::string memory_;      // the bytes from begin_ on, while there is no file
  std::uint64_t begin_ = 0; // offset of the first byte in memory
  std::uint64_t size_ = 0;
  std::uint64_t freed_ = 0; // of the file: blocks before this offset are holes
  int file_ = -1;           // byte N of the body lies at offset N
  bool holes_ = true;       // its file system can punch them
  [[nodiscard]] bool grow_memory(std::size_t bytes);
  [[nodiscard]] Result<void> to_file();
  [[nodiscard]] bool write_all(std::string_view bytes, std::uint64_t offset) const noexcept;
  void close_file() noexcept;
};

// An open file without a name in `directory`, or -1. Where the file system lacks O_TMPFILE (or `temporary` is false), a name exists
// between two system calls.
[[nodiscard]] int open_unlinked(const std::string& directory, bool temporary = true) noexcept;

} // namespace ledgergate::http
