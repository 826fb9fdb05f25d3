#include "enrol/files.h"

#include "base/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace ledgergate::enrol {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = 16 * 1024 * 1024;
constexpr std::string_view kUnfinished = ".new-"; // names of files that are being written

std::string words(int error) { return std::generic_category().message(error); }

class Descriptor {
public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return number_; }

private:
  int number_;
};

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// What stands above a directory is for all to pass through, whatever the umask of who calls: the edge is another user.
void make_above(const fs::path& path) {
  const fs::path above = path.parent_path();
  std::error_code failure;
  if (above.empty() || fs::exists(above, failure)) return;
  make_above(above);
  if (::mkdir(above.c_str(), 0700) == 0) ::chmod(above.c_str(), 0755);
}

std::string unfinished_name() {
  static std::atomic<unsigned> count{0};
  return std::string(kUnfinished) + std::to_string(::getpid()) + '-' + std::to_string(++count);
}

} // namespace

std::optional<Folder> Folder::open(const fs::path& path, std::string& why) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    why = path.string() + ": " + words(errno);
    return std::nullopt;
  }
  return Folder(path, descriptor);
}

std::optional<Folder> Folder::make(const fs::path& path, mode_t mode, std::string& why) {
  make_above(path);
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    why = path.string() + ": can't be made: " + words(errno);
    return std::nullopt;
  }
  auto folder = open(path, why);
  if (!folder || !made) return folder;
  if (::fchmod(folder->descriptor_, mode) != 0 || ::fsync(folder->descriptor_) != 0) {
    why = path.string() + ": " + words(errno);
    return std::nullopt;
  }
  return folder;
}

Folder::~Folder() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
Folder::Folder(Folder&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

mode_t Folder::mode() const {
  struct stat about {};
  return ::fstat(descriptor_, &about) == 0 ? about.st_mode & 07777U : 0;
}

gid_t Folder::group() const {
  struct stat about {};
  return ::fstat(descriptor_, &about) == 0 ? about.st_gid : ::getegid();
}

std::optional<FileFacts> Folder::facts(const std::string& name) const {
  struct stat about {};
  if (::fstatat(descriptor_, name.c_str(), &about, 0) != 0) return std::nullopt;
  return FileFacts{about.st_uid, about.st_gid, about.st_mode & 0777U};
}

bool Folder::has(const std::string& name) const {
  struct stat about {};
  return ::fstatat(descriptor_, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0;
}

std::optional<std::string> Folder::read(const std::string& name, std::string& why) const {
  const std::string where = (path_ / name).string() + ": ";
  const Descriptor file(::openat(descriptor_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) {
    why = where + words(errno);
    return std::nullopt;
  }
  if (!S_ISREG(about.st_mode)) {
    why = where + "is not a regular file";
    return std::nullopt;
  }
  std::string text;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      why = where + words(errno);
      return std::nullopt;
    }
    if (count == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
    if (text.size() > kLargest) {
      why = where + "is larger than 16 MiB";
      return std::nullopt;
    }
  }
}

bool Folder::write(const std::string& name, std::string_view bytes, mode_t mode, std::string& why, const Owner& owner) const {
  const std::string where = (path_ / name).string() + ": can't be written: ";
  const std::string beside = unfinished_name();
  const auto give_up = [&] {
    why = where + words(errno);
    ::unlinkat(descriptor_, beside.c_str(), 0);
    return false;
  };
  {
    const Descriptor file(::openat(descriptor_, beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return give_up();
    constexpr auto kAsItIs = static_cast<uid_t>(-1);
    if ((owner.user || owner.group) && ::fchown(file.get(), owner.user.value_or(kAsItIs), owner.group.value_or(kAsItIs)) != 0)
      return give_up();
    if (::fchmod(file.get(), mode) != 0) return give_up(); // behind fchown: that one clears bits
    if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0) return give_up();
  }
  if (::renameat(descriptor_, beside.c_str(), descriptor_, name.c_str()) != 0) return give_up();
  if (::fsync(descriptor_) != 0) {
    why = where + words(errno);
    return false;
  }
  return true;
}

bool Folder::remove(const std::string& name, std::string& why) const {
  if ((::unlinkat(descriptor_, name.c_str(), 0) != 0 && errno != ENOENT) || ::fsync(descriptor_) != 0) {
    why = (path_ / name).string() + ": can't be removed: " + words(errno);
    return false;
  }
  return true;
}

void Folder::sweep() const {
  int failure = 0;
  for (const std::string& name : names_in(descriptor_, failure))
    if (name.starts_with(kUnfinished)) ::unlinkat(descriptor_, name.c_str(), 0);
}

std::optional<Lock> Lock::take(const Folder& folder, std::chrono::milliseconds wait, std::string& why) {
  const std::string where = (folder.path() / "lock").string();
  Lock lock(::openat(folder.descriptor(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.descriptor_ < 0) {
    why = where + ": " + words(errno);
    return std::nullopt;
  }
  const auto end = std::chrono::steady_clock::now() + wait;
  while (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      why = where + ": " + words(errno);
      return std::nullopt;
    }
    if (std::chrono::steady_clock::now() >= end) {
      why = where + ": another ledgergate is at work here; try again when it is done";
      return std::nullopt;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return lock;
}

Lock::~Lock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
Lock::Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

} // namespace ledgergate::enrol
