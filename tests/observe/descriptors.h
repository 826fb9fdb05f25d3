// Files, pipes and borrowed standard streams for the tests of the log writer.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace descriptors {

class Directory {
public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "ledgergate-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

inline std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Pipe {
public:
  Pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  // Reads until `enough` says so (or the last writer has gone).
  template <class Enough>
  std::string read_until(Enough enough) {
    std::string text;
    char buffer[4096];
    while (!enough(text)) {
      const ssize_t count = ::read(ends_[0], buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }
  std::string read_to_end() {
    return read_until([](const std::string&) { return false; });
  }

private:
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int ends_[2] = {-1, -1};
};

// Stands in for stdout or stderr while it lives.
class Borrowed {
public:
  Borrowed(int standard, int by) : standard_(standard), own_(::dup(standard)) { EXPECT_EQ(::dup2(by, standard), standard); }
  ~Borrowed() {
    ::dup2(own_, standard_);
    ::close(own_);
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

private:
  int standard_;
  int own_;
};

} // namespace descriptors
