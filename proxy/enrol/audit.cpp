#include "enrol/audit.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <system_error>
#include <utility>

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

Audit::Audit(const Folder& folder)
    : path_((folder.path() / "audit.log").string()),
      file_(::openat(folder.descriptor(), "audit.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)) {
  struct stat about {};
  if (file_ < 0)
    blame(errno);
  else if (::fstat(file_, &about) != 0 || !S_ISREG(about.st_mode))
    trouble_ = path_ + ": is not a regular file";
}

Audit::~Audit() {
  if (file_ >= 0) ::close(file_);
}
Audit::Audit(Audit&& other) noexcept
    : path_(std::move(other.path_)), trouble_(std::move(other.trouble_)), file_(std::exchange(other.file_, -1)) {}

void Audit::blame(int error) { trouble_ = path_ + ": can't be written: " + std::generic_category().message(error); }

void Audit::note(std::string_view what, std::int64_t now) {
  const std::string words = std::string(what) + " by=" + who();
  ::openlog("ledgergate", 0, LOG_AUTHPRIV);
  ::syslog(LOG_NOTICE, "%s", words.c_str()); // NOLINT(cppcoreguidelines-pro-type-vararg)
  ::closelog();
  if (!trouble_.empty()) return;
  const std::string line = moment_text(now) + ' ' + words + '\n';
  errno = 0;
  const ssize_t written = ::write(file_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()))
    blame(written < 0 ? errno : ENOSPC);
  else if (::fsync(file_) != 0)
    blame(errno);
}

} // namespace ledgergate::enrol
