#include "observe/log_target.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ledgergate::observe {
namespace {

constexpr int kOpenFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr mode_t kFileMode = 0640;

// Whole lines up to PIPE_BUF where possible: such a write is all or nothing (pipe(7)), so that lines of several writers don't mix.
std::string_view piece_for_pipe(std::string_view lines) noexcept {
  if (lines.size() <= PIPE_BUF) return lines;
  const std::size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return lines.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

std::string words_of(const std::string& where, int error) {
  return "can't open the access log " + where + ": " + std::strerror(error);
}

} // namespace

LogTarget::LogTarget(int fd) noexcept : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return;
  kind_ = S_ISSOCK(status.st_mode) ? Kind::socket : Kind::stream;
}

LogTarget::~LogTarget() {
  if (fd_ >= 0) ::close(fd_);
}

LogTarget::LogTarget(LogTarget&& other) noexcept : fd_(std::exchange(other.fd_, -1)), kind_(other.kind_) {}

LogTarget& LogTarget::operator=(LogTarget&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(kind_, other.kind_);
  return *this;
}

std::string LogTarget::doubt(const std::string& where) {
  if (where == "off") return "";
  if (where == "stdout" || where == "stderr") { // which can be closed
    const int stream = where == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    return ::fcntl(stream, F_GETFD) < 0 ? words_of(where, errno) : "";
  }
  for (const auto& [path, meant] : {std::pair("/dev/stdout", "stdout"), std::pair("/dev/stderr", "stderr")})
    if (std::filesystem::path(where).lexically_normal() == path)
      return words_of(where, ENXIO) + " where that is a socket, as under systemd: write `" + meant + "` for it";
  // As open() does it, and then it is gone again: what the kernel lets whom make, and open by a name that is there already, is not
  // to be told in another way (proc_sys_fs(5), protected_regular).
  const auto try_with = [&](int more) {
    const int fd = ::open(where.c_str(), kOpenFlags | more, kFileMode);
    const int error = fd < 0 ? errno : 0;
    if (fd >= 0) ::close(fd);
    return error;
  };
  int error = try_with(O_EXCL);
  if (error == 0) {
    ::unlink(where.c_str());
    return "";
  }
  if (error == EEXIST) { // a link may lead to what is not there yet
    std::error_code none;
    const std::filesystem::path path(where);
    if (const auto link = std::filesystem::read_symlink(path, none); !none && !std::filesystem::exists(path, none) && !none)
      return doubt((path.parent_path() / link).string());
    error = try_with(0);
  }
  return error == 0 ? "" : words_of(where, error);
}

std::optional<LogTarget> LogTarget::open(const std::string& where, std::string& why) {
  if (where == "off") return LogTarget();
  int fd = -1;
  if (where == "stdout")
    fd = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  else if (where == "stderr")
    fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  else
    fd = ::open(where.c_str(), kOpenFlags, kFileMode);
  if (fd < 0) {
    why = words_of(where, errno);
    return std::nullopt;
  }
  return LogTarget(fd);
}

LogTarget::Written LogTarget::write_piece(std::string_view lines) noexcept {
  ssize_t taken = 0;
  if (kind_ == Kind::socket) {
    taken = ::send(fd_, lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    std::string_view piece = lines;
    if (kind_ == Kind::stream) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, 0) == 0) return {0, EAGAIN};
      piece = piece_for_pipe(lines); // POLLERR goes on to write, which names the error
    }
    taken = ::write(fd_, piece.data(), piece.size());
  }
  if (taken >= 0) return {static_cast<std::size_t>(taken), 0};
  return {0, errno};
}

LogTarget::Written LogTarget::write(std::string_view lines) noexcept {
  if (fd_ < 0) return {lines.size(), 0};
  Written sum;
  while (sum.bytes < lines.size()) {
    const Written piece = write_piece(lines.substr(sum.bytes));
    if (piece.error == EINTR) continue;
    if (piece.error != 0 || piece.bytes == 0) {
      sum.error = piece.error == 0 ? EIO : piece.error; // a write of 0 bytes without an error would be tried for ever
      return sum;
    }
    sum.bytes += piece.bytes;
  }
  return sum;
}

} // namespace ledgergate::observe
