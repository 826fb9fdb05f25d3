#include "http/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace ledgergate::http {
namespace {

constexpr std::uint64_t kHole = 1024 * 1024;      // given back to the disk at once
constexpr std::uint64_t kLarge = 8 * 1024 * 1024; // beyond it a file is closed on another thread

Result<void> refusal(SpoolBudget::Fit fit) {
  switch (fit) {
  case SpoolBudget::Fit::yes: break;
  case SpoolBudget::Fit::full: return Error{Cause::spool_full};
  case SpoolBudget::Fit::client_full: return Error{Cause::spool_full, "this client holds its share of it"};
  case SpoolBudget::Fit::never: return Error{Cause::body_too_large, "more than one client's share of the spool"};
  }
  return {};
}

} // namespace

int open_unlinked(const std::string& directory, bool temporary) noexcept {
  if (temporary) {
    const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
  }
  try {
    std::string name = directory + "/body-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

Spool::~Spool() { clear(); }

void Spool::open(const std::string& directory, std::size_t memory, SpoolPart part, io::Loop* loop) noexcept {
  clear();
  loop_ = loop;
  directory_ = directory;
  memory_bound_ = memory;
  part_ = std::move(part);
}

void Spool::clear() noexcept {
  close_file();
  begin_ = size_ = 0;
  memory_.clear();
  memory_.shrink_to_fit();
  part_ = {};
}

void Spool::close_file() noexcept {
  if (file_ >= 0 && loop_ != nullptr && size_ - freed_ > kLarge)
    loop_->close_elsewhere(file_);
  else if (file_ >= 0)
    ::close(file_);
  file_ = -1;
  holes_ = true;
}

Result<void> Spool::room_for(std::uint64_t bytes) const noexcept {
  if (bytes <= memory_bound_ && part_.fits_memory(bytes)) return {};
  return refusal(part_.fits_file(bytes));
}

// Room for so many bytes more in memory: false when they do not belong there, or the memory of all bodies is used up.
bool Spool::grow_memory(std::size_t bytes) {
  if (memory_.size() + bytes > memory_bound_) return false;
  const std::size_t need = memory_.size() + bytes;
  const auto have = static_cast<std::size_t>(part_.held().memory);
  if (memory_.capacity() < need) {
    const std::size_t want = std::max(need, std::min(2 * have, memory_bound_));
    if (!part_.take_memory(want - have)) return false;
    memory_.reserve(want);
  }
  return true;
}

Result<void> Spool::append(std::string_view bytes) noexcept {
  try {
    if (file_ < 0) {
      if (grow_memory(bytes.size())) {
        memory_.append(bytes);
        size_ += bytes.size();
        return {};
      }
      const auto moved = to_file();
      if (!moved) return moved.error();
    }
    const auto fit = part_.take_file(bytes.size());
    if (fit != SpoolBudget::Fit::yes) return refusal(fit).error();
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory};
  }
  if (!write_all(bytes, size_)) return Error{Cause::spool_failed};
  size_ += bytes.size();
  return {};
}

Result<void> Spool::to_file() {
  const auto fit = part_.take_file(memory_.size());
  if (fit != SpoolBudget::Fit::yes) return refusal(fit);
  file_ = open_unlinked(std::string(directory_));
  if (file_ >= 0 && loop_ != nullptr && file_ >= loop_->descriptors().files) close_file(); // the rest is for logs
  freed_ = begin_;
  if (file_ < 0 || !write_all(memory_, begin_)) return Error{Cause::spool_failed};
  memory_.clear();
  memory_.shrink_to_fit();
  part_.give_memory(part_.held().memory);
  return {};
}

bool Spool::write_all(std::string_view bytes, std::uint64_t offset) const noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

Result<std::size_t> Spool::read(std::uint64_t offset, char* out, std::size_t size) const noexcept {
  if (file_ < 0) {
    if (offset < begin_) return Error{Cause::spool_failed};
    const auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(offset - begin_, memory_.size()));
    const std::size_t count = std::min(size, memory_.size() - skip);
    std::memcpy(out, memory_.data() + skip, count);
    return count;
  }
  for (;;) {
    const ssize_t count = ::pread(file_, out, size, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return Error{Cause::spool_failed};
  }
}

void Spool::release(std::uint64_t offset) noexcept {
  if (offset >= size_) {
    close_file();
    memory_.clear(); // its room stays, and stays charged
    begin_ = size_;
    part_.give_file(part_.held().files);
    return;
  }
  if (file_ < 0 || !holes_) return;
  const std::uint64_t end = offset / kHole * kHole;
  if (end < freed_ + kHole) return;
  // NFS before 4.2 and some others can't: then the disk is given back at the end.
  holes_ = ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(freed_),
                       static_cast<off_t>(end - freed_)) == 0;
  if (!holes_) return;
  part_.give_file(end - freed_);
  freed_ = end;
}

} // namespace ledgergate::http
