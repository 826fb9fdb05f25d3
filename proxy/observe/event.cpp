#include "observe/event.h"

#include "base/prepare_thread.h"
#include "observe/escape.h"
#include "observe/log_target.h"
#include "observe/stamp.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <system_error>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ledgergate::observe {
namespace {

thread_local std::string line;
const PreparedThread prepared([] { line.clear(); });

struct Level {
  std::string_view word;
  std::string_view priority; // syslog's, see sd-daemon(3)
};

Level describe_level(settings::LogLevel level) noexcept {
  switch (level) {
  case settings::LogLevel::debug: return {"debug", "<7>"};
  case settings::LogLevel::info: return {"info", "<6>"};
  case settings::LogLevel::warning: return {"warning", "<4>"};
  case settings::LogLevel::error: return {"error", "<3>"};
  }
  return {"error", "<3>"};
}

// Keeps a line, with every byte escaped, far below what the event ring holds.
constexpr std::size_t kLongestText = 4000;

} // namespace

bool stderr_is_journal() noexcept {
  const char* const stream = std::getenv("JOURNAL_STREAM"); // "device:inode" of the stream, see systemd.exec(5)
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  const std::string_view text(stream);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  dev_t device = 0;
  ino_t inode = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), text.data() + colon, device);
  const auto second = std::from_chars(text.data() + colon + 1, end, inode);
  return first.ec == std::errc() && second.ec == std::errc() && second.ptr == end && device == status.st_dev &&
         inode == status.st_ino;
}

std::string_view event_line(settings::LogLevel level, std::string_view text, bool journal) {
  thread_local Stamp stamp;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Level described = describe_level(level);
  line.clear();
  if (journal) line.append(described.priority);
  line.append(stamp.at(std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  line.push_back(' ');
  line.append(described.word);
  line.push_back(' ');
  append_visible(text.substr(0, kLongestText), line);
  if (text.size() > kLongestText) line.append("...");
  line.push_back('\n');
  return line;
}

void write_stderr(std::string_view rest) {
  std::string why;
  std::optional<LogTarget> target = LogTarget::open("stderr", why);
  if (!target) return;
  while (!rest.empty()) {
    const LogTarget::Written written = target->write(rest);
    rest.remove_prefix(written.bytes);
    if (written.error == 0) return;
    pollfd ready{target->fd(), POLLOUT, 0};
    if (written.error != EAGAIN || ::poll(&ready, 1, 1000) <= 0) return;
  }
}

} // namespace ledgergate::observe
