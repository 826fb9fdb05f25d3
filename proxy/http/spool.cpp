#include "http/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace ledgergate::http {
namespace {

// O_TMPFILE has no name at any time; where a file system lacks it (overlay, old NFS), a name exists for one system call.
int open_unlinked(const std::string& directory) noexcept {
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
  std::string name = directory + "/body-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

} // namespace

Spool::~Spool() { clear(); }

void Spool::open(const std::string& directory, std::size_t memory) noexcept {
  clear();
  directory_ = directory;
  memory_bound_ = memory;
}

void Spool::clear() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  size_ = 0;
  memory_.clear();
  memory_.shrink_to_fit();
}

Result<void> Spool::append(std::string_view bytes) noexcept {
  try {
    if (file_ < 0) {
      if (size_ + bytes.size() <= memory_bound_) {
        memory_.append(bytes);
        size_ += bytes.size();
        return {};
      }
      if (!to_file()) return Error{Cause::spool_failed};
    }
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory};
  }
  if (!write_all(bytes, size_)) return Error{Cause::spool_failed};
  size_ += bytes.size();
  return {};
}

bool Spool::to_file() noexcept {
  file_ = open_unlinked(std::string(directory_));
  if (file_ < 0 || !write_all(memory_, 0)) return false;
  memory_.clear();
  memory_.shrink_to_fit();
  return true;
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
    const std::size_t left = offset < memory_.size() ? memory_.size() - static_cast<std::size_t>(offset) : 0;
    const std::size_t count = std::min(size, left);
    std::memcpy(out, memory_.data() + (left == 0 ? 0 : offset), count);
    return count;
  }
  for (;;) {
    const ssize_t count = ::pread(file_, out, size, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return Error{Cause::spool_failed};
  }
}

} // namespace ledgergate::http
