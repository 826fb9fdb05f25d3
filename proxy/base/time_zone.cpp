#include "base/time_zone.h"

#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace ledgergate {
namespace {

// What tells the file from another one; empty: TZ is no file's name, but a rule ("CET-1CEST"), which never changes.
std::string state_of(const std::string& zone) {
  std::string path = zone;
  if (path.front() != '/') {
    const char* const directory = std::getenv("TZDIR");
    path = std::string(directory != nullptr ? directory : "/usr/share/zoneinfo") + '/' + path;
  }
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};
  return std::to_string(about.st_dev) + ' ' + std::to_string(about.st_ino) + ' ' + std::to_string(about.st_size) + ' ' +
         std::to_string(about.st_mtim.tv_sec) + '.' + std::to_string(about.st_mtim.tv_nsec);
}

} // namespace

void look_at_time_zone() {
  static std::string seen;
  const char* const set = std::getenv("TZ");
  std::string zone = set != nullptr ? set : "";
  if (zone.starts_with(':')) zone.erase(0, 1);
  if (zone.empty()) return ::tzset(); // reads /etc/localtime again when that is another file; an empty TZ is UTC
  std::string now = state_of(zone);
  if (now == seen || now.empty()) return;
  // tzset(3) reads nothing as long as TZ says what it said: the same file by another name.
  const std::string mark = zone.front() == '/' ? "/" : "./";
  const bool marked = zone.starts_with(mark == "/" ? "//" : mark);
  if (!seen.empty()) ::setenv("TZ", (marked ? zone.substr(mark.size()) : mark + zone).c_str(), 1);
  ::tzset();
  seen.swap(now);
}

} // namespace ledgergate
