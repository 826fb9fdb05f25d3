#include "observe/log_ring.h"
#include "observe/log_target.h"

#include "../allocations.h"
#include "descriptors.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ledgergate::observe {
namespace {

using descriptors::Borrowed;
using descriptors::content;
using descriptors::Directory;
using descriptors::Pipe;

settings::Log to(const std::string& where) {
  settings::Log log;
  log.access = where;
  return log;
}

std::size_t lines_in(std::string_view text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

// The sum of all "N log lines were dropped".
std::uint64_t drops_said(std::string_view events) {
  constexpr std::string_view kWords = " log lines were dropped\n";
  std::uint64_t sum = 0;
  for (std::size_t at = events.find(kWords); at != std::string_view::npos; at = events.find(kWords, at + 1)) {
    const std::size_t begin = events.rfind(' ', at - 1) + 1;
    sum += std::stoull(std::string(events.substr(begin, at - begin)));
  }
  return sum;
}

class LogWriterTest : public testing::Test {
protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  void open(const std::string& where) {
    std::string why;
    ASSERT_TRUE(writer->open(to(where), why)) << why;
  }
  void open_stdout(int fd) {
    const Borrowed borrowed(STDOUT_FILENO, fd);
    open("stdout");
  }
  // Ends the writer; what it has said on stderr.
  std::string events() {
    writer.reset();
    stderr_.close_writer();
    borrowed_.reset();
    return stderr_.read_to_end();
  }
  // Until the ring has dropped a line.
  std::uint64_t overfill(LogRing& ring) {
    const std::string line(999, 'x');
    std::uint64_t pushed = 0;
    while (ring.dropped() == 0) pushed += ring.push(line + "\n") ? 1u : 0u;
    return pushed;
  }

  Directory directory;
  Pipe stderr_;
  std::unique_ptr<Borrowed> borrowed_ = std::make_unique<Borrowed>(STDERR_FILENO, stderr_.writer());
  std::unique_ptr<LogWriter> writer = std::make_unique<LogWriter>();
};

TEST_F(LogWriterTest, writes_what_was_pushed_before_and_after_the_start) {
  const std::string path = directory / "access.log";
  open(path);
  LogRing& ring = writer->ring();
  ring.push("before\n");
  ASSERT_TRUE(writer->start());
  ring.push("after\n");
  EXPECT_EQ(events(), "");
  EXPECT_EQ(content(path), "before\nafter\n");
}

TEST_F(LogWriterTest, a_new_file_is_for_its_owner_and_group_only_and_an_old_one_is_appended_to) {
  const std::string path = directory / "access.log";
  const mode_t before = ::umask(0);
  open(path);
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
  std::ofstream(path, std::ios::app) << "old\n";
  ASSERT_TRUE(writer->start());
  writer->ring().push("new\n");
  EXPECT_EQ(events(), "");
  EXPECT_EQ(content(path), "old\nnew\n");
}

// It is there when others have used up all memory, and says what it could not say then.
TEST_F(LogWriterTest, goes_on_without_memory) {
  open("/dev/full");
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  {
    const ledgergate::tests::NoMemoryElsewhere none;
    ring.push("a line\n");
    while (none.failures() < 3) std::this_thread::yield();
  }
  const std::string path = directory / "access.log";
  const std::string said =
      stderr_.read_until([](const std::string& text) { return text.find("the access log can't be written") != std::string::npos; });
  open(path);
  while (content(path).empty()) std::this_thread::yield();
  const std::string rest = events();
  EXPECT_NE(rest.find("the access log is written again"), std::string::npos) << said << rest;
  EXPECT_EQ(content(path), "a line\n");
}

TEST_F(LogWriterTest, opening_again_goes_on_in_a_new_file_and_loses_nothing) {
  const std::string path = directory / "access.log";
  open(path);
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  ring.push("first\n");
  std::filesystem::rename(path, path + ".1"); // what logrotate does before it sends SIGHUP
  open(path);
  std::string pushed = "first\n";
  while (content(path).empty()) { // a line that is on its way may still go to the old file
    if (ring.push("later\n")) pushed += "later\n";
    std::this_thread::yield();
  }
  EXPECT_EQ(events(), "");
  EXPECT_EQ(content(path + ".1") + content(path), pushed);
}

TEST_F(LogWriterTest, a_file_that_cannot_be_opened_is_named_and_the_old_one_stays) {
  const std::string path = directory / "access.log";
  open(path);
  ASSERT_TRUE(writer->start());
  std::string why;
  EXPECT_FALSE(writer->open(to(directory / "missing/access.log"), why));
  EXPECT_EQ(why, "can't open the access log " + (directory / "missing/access.log") + ": No such file or directory");
  writer->ring().push("line\n");
  EXPECT_EQ(events(), "");
  EXPECT_EQ(content(path), "line\n");
}

TEST_F(LogWriterTest, a_fifo_that_nobody_reads_cannot_be_opened_instead_of_hanging) {
  const std::string path = directory / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string why;
  EXPECT_FALSE(writer->open(to(path), why));
  EXPECT_NE(why.find("No such device or address"), std::string::npos) << why;
}

TEST_F(LogWriterTest, a_doubt_is_what_opening_says_and_leaves_nothing) {
  const std::string absent = directory / "absent.log", there = directory / "there.log", link = directory / "link.log";
  std::ofstream(there) << "a line\n";
  ASSERT_EQ(::symlink("absent.log", link.c_str()), 0);
  for (const std::string& path : {absent, there, link}) EXPECT_EQ(observe::LogTarget::doubt(path), "") << path;
  EXPECT_FALSE(std::filesystem::exists(absent));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(content(there), "a line\n");
  const std::string fifo = directory / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {std::string("/proc/x.log"), std::string(directory / "missing/x.log"), std::string(directory / ""),
                                  fifo, std::string("/proc/self/x.log")}) {
    std::string why;
    EXPECT_FALSE(observe::LogTarget::open(path, why)) << path;
    EXPECT_EQ(observe::LogTarget::doubt(path), why) << path;
  }
  for (const char* const name : {"stdout", "stderr"})
    for (const char* const before : {"/dev/", "/dev//", "/dev/../dev/"})
      EXPECT_NE(observe::LogTarget::doubt(std::string(before) + name).find(std::string("write `") + name + "`"), std::string::npos);
}

TEST_F(LogWriterTest, off_takes_lines_and_keeps_none) {
  open("off");
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  ring.push("line\n");
  EXPECT_EQ(events(), "");
}

TEST_F(LogWriterTest, lines_of_many_workers_arrive_whole_and_in_each_workers_order) {
  const std::string path = directory / "access.log";
  open(path);
  ASSERT_TRUE(writer->start());
  constexpr int kWorkers = 4;
  constexpr int kLines = 5'000;
  {
    std::vector<std::jthread> workers;
    for (int w = 0; w < kWorkers; ++w)
      workers.emplace_back([&ring = writer->ring(), w] {
        for (int i = 0; i < kLines; ++i)
          while (!ring.push(std::to_string(w) + " " + std::to_string(i) + "\n")) std::this_thread::yield();
      });
  }
  events();
  std::array<int, kWorkers> next{};
  std::ifstream lines(path);
  int worker = 0;
  int number = 0;
  while (lines >> worker >> number) ASSERT_EQ(number, next.at(static_cast<std::size_t>(worker))++);
  for (const int count : next) EXPECT_EQ(count, kLines);
}

TEST_F(LogWriterTest, a_pipe_gets_lines_longer_than_it_takes_at_once) {
  Pipe pipe;
  open_stdout(pipe.writer());
  pipe.close_writer();
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::string expected = std::string(300'000, 'a') + "\nshort\n" + std::string(5'000, 'b') + "\n";
  ASSERT_TRUE(ring.push(expected));
  EXPECT_EQ(pipe.read_until([&expected](const std::string& text) { return text.size() >= expected.size(); }), expected);
  EXPECT_EQ(events(), "");
}

TEST_F(LogWriterTest, a_borrowed_stdout_keeps_its_blocking_mode) {
  Pipe pipe;
  open_stdout(pipe.writer());
  ASSERT_TRUE(writer->start());
  writer->ring().push("line\n");
  EXPECT_EQ(pipe.read_until([](const std::string& text) { return text.ends_with('\n'); }), "line\n");
  EXPECT_EQ(::fcntl(pipe.writer(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LogWriterTest, a_pipe_that_nobody_reads_costs_lines_and_does_not_hold_up_the_stop) {
  Pipe pipe;
  open_stdout(pipe.writer());
  pipe.close_writer();
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::uint64_t pushed = overfill(ring);
  const std::string said = events(); // comes back although the pipe stays full
  const std::uint64_t arrived = lines_in(pipe.read_to_end());
  // On a machine so busy that the thread can't even count in time, that is what is said.
  if (said.find("left behind") == std::string::npos) {
    EXPECT_EQ(arrived + drops_said(said), pushed + 1) << said;
  }
}

TEST_F(LogWriterTest, a_slow_reader_gets_the_backlog_and_the_rest_is_counted) {
  Pipe pipe;
  open_stdout(pipe.writer());
  pipe.close_writer();
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::uint64_t pushed = overfill(ring);
  const std::string text = pipe.read_until([pushed](const std::string& read) { return read.size() >= pushed * 1000; });
  EXPECT_EQ(lines_in(text), pushed);
  EXPECT_EQ(text.find_first_not_of("x\n"), std::string::npos);
  EXPECT_EQ(drops_said(events()), 1u);
}

TEST_F(LogWriterTest, a_closed_pipe_stops_neither_the_producer_nor_the_process) {
  Pipe pipe;
  open_stdout(pipe.writer());
  pipe.close_reader();
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::uint64_t pushed = overfill(ring);
  const std::string said = events();
  EXPECT_NE(said.find(" error the access log can't be written (Broken pipe)"), std::string::npos) << said;
  EXPECT_EQ(drops_said(said), pushed + 1);
}

TEST_F(LogWriterTest, a_full_disk_is_said_once_and_the_backlog_is_written_when_there_is_room_again) {
  open("/dev/full");
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::uint64_t pushed = overfill(ring);
  const std::string failure = stderr_.read_until([](const std::string& text) { return text.ends_with('\n'); });
  EXPECT_NE(failure.find(" error the access log can't be written (No space left on device)"), std::string::npos) << failure;
  const std::string path = directory / "access.log";
  open(path);
  const std::string recovery = stderr_.read_until([](const std::string& text) { return text.ends_with("dropped\n"); });
  EXPECT_NE(recovery.find(" warning the access log is written again\n"), std::string::npos) << recovery;
  EXPECT_EQ(drops_said(recovery), 1u);
  EXPECT_EQ(recovery.find("can't be written"), std::string::npos);
  EXPECT_EQ(events(), "");
  EXPECT_EQ(lines_in(content(path)), pushed);
}

TEST_F(LogWriterTest, a_line_cut_by_the_old_target_comes_whole_to_the_new_one) {
  Pipe pipe;
  open_stdout(pipe.writer());
  pipe.close_writer();
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::string line = std::string(300'000, 'a') + "\n"; // more than a pipe holds
  ring.push(line);
  pollfd ready{pipe.reader(), POLLIN, 0};
  ASSERT_EQ(::poll(&ready, 1, -1), 1); // its beginning is in the pipe
  const std::string path = directory / "access.log";
  open(path);
  EXPECT_EQ(events(), "");
  EXPECT_EQ(content(path), line);
}

TEST_F(LogWriterTest, a_socket_as_stdout_gets_every_line) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0); // what systemd gives for the journal
  open_stdout(ends[1]);
  LogRing& ring = writer->ring();
  ASSERT_TRUE(writer->start());
  const std::string line(999, 's');
  std::size_t wanted = 0;
  for (int i = 0; i < 900; ++i) wanted += ring.push(line + "\n") ? 1000u : 0u;
  std::size_t got = 0;
  std::array<char, 4096> buffer{};
  while (got < wanted) {
    const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    got += static_cast<std::size_t>(count);
  }
  EXPECT_EQ(wanted, 900'000u);
  EXPECT_EQ(::fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(events(), "");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LogWriterTest, a_flood_of_information_does_not_push_a_warning_out) {
  open("off");
  ASSERT_TRUE(writer->start());
  const std::string long_text(200, 'x');
  for (int i = 0; i < 5'000; ++i) writer->event(settings::LogLevel::info, long_text); // far beyond pipe and ring, and nobody reads
  for (int i = 0; i < 100; ++i) writer->event(settings::LogLevel::warning, "login failed: guess " + std::to_string(i) + ".");
  for (int i = 0; i < 5'000; ++i) writer->event(settings::LogLevel::info, long_text);
  const std::string said = stderr_.read_until([](const std::string& text) { // what was dropped may be told before them, and behind
    return text.find("events were dropped") != std::string::npos && text.find("guess 99.") != std::string::npos;
  });
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = said.find("warning login failed: guess " + std::to_string(i) + ".", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(LogWriterTest, stop_may_come_twice_and_without_a_start) {
  writer->stop();
  ASSERT_TRUE(writer->start());
  writer->stop();
  writer->stop();
  EXPECT_EQ(events(), "");
}

} // namespace
} // namespace ledgergate::observe
