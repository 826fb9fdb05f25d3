#include "settings/read_file.h"

#include "base/regular_file.h"

#include <sys/stat.h>

#include <system_error>

namespace ledgergate::settings {

std::string read_file(const std::string& path, std::string& text) {
  const FileOutcome outcome = read_regular_file(path, kLargestFile, text);
  const auto because = [&] { return std::generic_category().message(outcome.error); };
  switch (outcome.state) {
  case FileState::unopened: return "can't be opened: " + because();
  case FileState::unreadable: return "can't be read: " + because();
  case FileState::directory: return "is a directory, not a file";
  case FileState::special: return "is not a regular file";
  case FileState::too_large: return std::string(kTooLarge);
  case FileState::read: break;
  }
  return "";
}

bool others_may_write(const std::string& path) noexcept {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

} // namespace ledgergate::settings
