#include "command/commands.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace ledgergate {

int fail(const char* command, const std::string& why, int code) {
  fmt::print(stderr, "ledgergate {}: {}\n", command, why);
  return code;
}

int done(const char* command, const std::string& unaudited, const std::string& lost) {
  errno = 0;
  const bool shown = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const int failure = errno;
  if (!unaudited.empty()) fail(command, unaudited + "; what is said above is done all the same, and the journal has it");
  if (!shown)
    fail(command, "stdout can't be written: " + std::generic_category().message(failure != 0 ? failure : EIO) +
                      "; the work is done all the same" + (lost.empty() ? "" : "; " + lost));
  return shown && unaudited.empty() ? kExitFine : kExitRuntime;
}

void keep_stdout_apart() noexcept {
  // For reading only, so that a write fails as it would have.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY | O_NOCTTY));
}

std::int64_t unix_now() noexcept { return static_cast<std::int64_t>(std::time(nullptr)); }

} // namespace ledgergate
