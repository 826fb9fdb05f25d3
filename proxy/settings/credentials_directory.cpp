#include "settings/credentials_directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

namespace ledgergate::settings {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets one
  return value != nullptr ? value : "";
}

// By stat(2): access(2) judges without capabilities, and who has fewer than another process may not look through it.
bool is_seen(const std::string& directory) {
  struct stat about {};
  return ::stat((directory + "/.").c_str(), &about) == 0;
}

// What stands in front of the directory: "/proc/PID/root", or "".
std::string way_to(const std::string& directory) {
  const std::string process = variable("MAINPID");
  const bool number = !process.empty() && std::all_of(process.begin(), process.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (directory.empty() || !number || is_seen(directory)) return "";
  std::string way = "/proc/" + process + "/root";
  return is_seen(way + directory) ? way : "";
}

} // namespace

std::string credentials_directory() {
  const std::string directory = variable("CREDENTIALS_DIRECTORY");
  return way_to(directory) + directory;
}

std::string place_of_credential(std::string path) {
  const std::string directory = variable("CREDENTIALS_DIRECTORY");
  if (directory.empty() || !path.starts_with(directory + "/")) return path;
  return way_to(directory) + path;
}

} // namespace ledgergate::settings
