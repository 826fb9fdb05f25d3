#include "settings/credentials_directory.h"

#include "base/regular_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kLargestEnvironment = 2 * 1024 * 1024;

std::string variable(const char* name) {
  const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets one
  return value != nullptr ? value : "";
}

// "" when this is no ExecReload= (systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager").
std::string main_process() {
  std::string number = variable("MAINPID");
  const bool good = std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  return good ? number : "";
}

// As it is called. An ExecReload= of some versions (257) is not told; then the service's process has been.
std::string given_directory() {
  constexpr std::string_view kName = "CREDENTIALS_DIRECTORY=";
  std::string own = variable("CREDENTIALS_DIRECTORY");
  const std::string process = main_process();
  if (!own.empty() || process.empty()) return own;
  std::string all;
  if (read_regular_file("/proc/" + process + "/environ", kLargestEnvironment, all).state != FileState::read) return own;
  for (std::size_t at = 0; at < all.size(); at = all.find('\0', at) + 1) {
    if (all.compare(at, kName.size(), kName) == 0) return all.substr(at + kName.size(), all.find('\0', at) - at - kName.size());
    if (all.find('\0', at) == std::string::npos) break;
  }
  return own;
}

// By stat(2): access(2) judges without capabilities, and who has fewer than another process may not look through it.
bool is_seen(const std::string& directory) {
  struct stat about {};
  return ::stat((directory + "/.").c_str(), &about) == 0;
}

// What stands in front of the directory: "/proc/PID/root", or "".
std::string way_to(const std::string& directory) {
  const std::string process = main_process();
  if (directory.empty() || process.empty() || is_seen(directory)) return "";
  std::string way = "/proc/" + process + "/root";
  return is_seen(way + directory) ? way : "";
}

} // namespace

std::string credentials_directory() {
  const std::string directory = given_directory();
  return way_to(directory) + directory;
}

std::string place_of_credential(std::string path) {
  const std::string directory = given_directory();
  if (directory.empty() || !path.starts_with(directory + "/")) return path;
  return way_to(directory) + path;
}

} // namespace ledgergate::settings
