#include "base/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace ledgergate {
namespace {

struct CloseDirectory {
  void operator()(DIR* listing) const noexcept { ::closedir(listing); }
};

// `descriptor`: taken over; -1 with errno set when it could not be opened.
std::vector<std::string> read_names(int descriptor, int& failure) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> listing(descriptor >= 0 ? ::fdopendir(descriptor) : nullptr);
  if (listing == nullptr) {
    failure = errno;
    if (descriptor >= 0) ::close(descriptor);
    return names;
  }
  errno = 0;
  while (const dirent* entry = ::readdir(listing.get())) { // NOLINT(concurrency-mt-unsafe): a stream of our own
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  failure = errno;
  return names;
}

} // namespace

std::vector<std::string> names_in(const std::string& directory, int& failure) {
  return read_names(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), failure);
}

std::vector<std::string> names_in(int descriptor, int& failure) {
  return read_names(::openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failure);
}

} // namespace ledgergate
