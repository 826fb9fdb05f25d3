#include "base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ledgergate {
namespace {

class Descriptor {
public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

private:
  int fd_;
};

} // namespace

FileOutcome read_regular_file(const std::string& path, std::size_t most, std::string& text) {
  // O_NONBLOCK: a FIFO must not hold up the start.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return {FileState::unopened, errno};
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return {FileState::unreadable, errno};
  if (S_ISDIR(status.st_mode)) return {FileState::directory};
  if (!S_ISREG(status.st_mode)) return {FileState::special};
  // What it says of its size, and one byte more, so that one which has grown meanwhile is seen; never more than is allowed and one.
  const auto said = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  if (said > most) return {FileState::too_large};
  text.assign(said + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t count = read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {FileState::unreadable, errno};
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size > most) return {FileState::too_large};
    if (size == text.size()) text.resize(std::min(2 * size, most + 1)); // also one of /proc, which says it is empty
  }
  text.resize(size);
  return {};
}

std::string closing_words(const std::string& path) {
  struct stat about {};
  const bool of_root = ::stat(path.c_str(), &about) == 0 && about.st_uid == 0;
  return (of_root ? "chown root:ledgergate " + path + " && chmod 640 " : "chmod 600 ") + path;
}

} // namespace ledgergate
