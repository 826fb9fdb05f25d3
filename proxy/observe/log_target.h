// Where log bytes go: a file, stdout, stderr or nowhere. Writing never waits for a slow reader.
//
// O_NONBLOCK is no way to that end: the flag belongs to the open file description, which stdout shares with the shell, with the
// other end of the terminal and with every program of a pipeline, and they don't expect EAGAIN. So it depends on what is behind:
//   * a socket (journald's stream) takes MSG_DONTWAIT, call by call;
//   * a pipe or a terminal is polled, then given at most PIPE_BUF bytes: a pipe that is writable has a free page (pipe(7)), so
//     such a write returns at once. If another process fills it between the two calls the writer thread waits in write(2); only
//     that thread, and LogWriter::stop() leaves it behind;
//   * a regular file does not wait for a reader. A path of our own is opened with O_NONBLOCK all the same, so that opening a FIFO
//     that nobody reads fails at once; that description is ours alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::observe {

class LogTarget {
public:
  LogTarget() = default; // nowhere: takes everything
  ~LogTarget();
  LogTarget(LogTarget&& other) noexcept;
  LogTarget& operator=(LogTarget&& other) noexcept;

  // "stdout", "stderr", "off" or a path. Nothing, and the reason in `why`, when it can't be opened.
  static std::optional<LogTarget> open(const std::string& where, std::string& why);

  // Why open() would fail, found out by doing so (a file that it makes is gone again); "" when it would not.
  [[nodiscard]] static std::string doubt(const std::string& where);

  // Error 0: all was taken. EAGAIN: the rest when poll(fd(), POLLOUT) says so. Anything else: the target fails, try later.
  struct Written {
    std::size_t bytes = 0;
    int error = 0;
  };
  [[nodiscard]] Written write(std::string_view lines) noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

private:
  enum class Kind : unsigned char { file, stream, socket };
  explicit LogTarget(int fd) noexcept;
  Written write_piece(std::string_view lines) noexcept;
  int fd_ = -1;
  Kind kind_ = Kind::file;
};

} // namespace ledgergate::observe
