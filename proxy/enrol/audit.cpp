#include "enrol/audit.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <system_error>

namespace ledgergate::enrol {
namespace {

std::tm parts_of(std::int64_t seconds) {
  const auto moment = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&moment, &parts);
  return parts;
}

// Whoever typed it: sudo's word for root is its user's own name.
std::string who() {
  std::string name;
  if (const char* const behind = std::getenv("SUDO_USER"); behind != nullptr && ::getuid() == 0) name = behind;
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  if (name.empty() && ::getpwuid_r(::getuid(), &entry, space.data(), space.size(), &found) == 0 && found != nullptr)
    name = found->pw_name;
  for (char& c : name)
    if (c <= ' ' || c >= 0x7f) c = '?';
  return (name.empty() ? "?" : name.substr(0, 64)) + "(" + std::to_string(::getuid()) + ")";
}

} // namespace

std::string moment_text(std::int64_t seconds) {
  const std::tm parts = parts_of(seconds);
  return fmt::format("{}T{:02}:{:02}:{:02}Z", day_text(seconds), parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string day_text(std::int64_t seconds) {
  const std::tm parts = parts_of(seconds);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

bool audit(const Folder& folder, std::string_view what, std::int64_t now, std::string& why) {
  const std::string words = std::string(what) + " by=" + who();
  ::openlog("ledgergate", 0, LOG_AUTHPRIV);
  ::syslog(LOG_NOTICE, "%s", words.c_str()); // NOLINT(cppcoreguidelines-pro-type-vararg)
  ::closelog();
  const std::string line = moment_text(now) + ' ' + words + '\n';
  const int file = ::openat(folder.descriptor(), "audit.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
  if (!written) why = (folder.path() / "audit.log").string() + ": can't be written: " + std::generic_category().message(errno);
  if (file >= 0) ::close(file);
  return written;
}

} // namespace ledgergate::enrol
