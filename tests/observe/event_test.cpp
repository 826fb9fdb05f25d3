#include "observe/event.h"
#include "observe/log_ring.h"

#include "descriptors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <regex>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace ledgergate::observe {
namespace {

using descriptors::Borrowed;
using descriptors::Pipe;
using settings::LogLevel;

class EventTest : public testing::Test {
protected:
  // Ends the writer, if there is one; what stands on stderr.
  std::string said() {
    set_event_sink(nullptr);
    writer.reset();
    stderr_.close_writer();
    borrowed_.reset();
    return stderr_.read_to_end();
  }
  Pipe stderr_;
  std::unique_ptr<Borrowed> borrowed_ = std::make_unique<Borrowed>(STDERR_FILENO, stderr_.writer());
  std::unique_ptr<LogWriter> writer;
};

TEST_F(EventTest, stands_on_stderr_with_its_time_and_level) {
  event(LogLevel::warning, "the certificate expires in 3 days");
  const std::string text = said();
  EXPECT_TRUE(
      std::regex_match(text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning the certificate expires in 3 days\n)")))
      << text;
}

TEST_F(EventTest, goes_through_the_writer_while_it_runs_and_straight_to_stderr_otherwise) {
  writer = std::make_unique<LogWriter>();
  set_event_sink(writer.get());
  event(LogLevel::error, "before the start");
  ASSERT_TRUE(writer->start());
  event(LogLevel::error, "while it runs");
  writer->stop();
  event(LogLevel::error, "after the stop");
  const std::string text = said();
  EXPECT_TRUE(std::regex_match(text, std::regex(".* error before the start\n.* error while it runs\n.* error after the stop\n")))
      << text;
}

TEST_F(EventTest, below_the_level_of_the_settings_is_not_said) {
  writer = std::make_unique<LogWriter>();
  settings::Log log;
  log.access = "off";
  log.level = LogLevel::warning;
  std::string why;
  ASSERT_TRUE(writer->open(log, why));
  writer->event(LogLevel::info, "not said");
  writer->event(LogLevel::warning, "said");
  const std::string text = said();
  EXPECT_EQ(text.find("not said"), std::string::npos);
  EXPECT_TRUE(text.ends_with(" warning said\n")) << text;
}

TEST_F(EventTest, cannot_forge_a_second_line) {
  event(LogLevel::info, "SNI \"a\\b\"\n2026-01-31T12:00:00.000Z info forged\r\x1b[2J\x9b");
  const std::string text = said();
  EXPECT_TRUE(text.ends_with(" info SNI \"a\\b\"\\x0a2026-01-31T12:00:00.000Z info forged\\x0d\\x1b[2J\\x9b\n")) << text;
}

TEST_F(EventTest, a_very_long_text_is_cut) {
  event(LogLevel::info, std::string(100'000, 'x'));
  const std::string text = said();
  EXPECT_TRUE(text.ends_with("xxx...\n"));
  EXPECT_LT(text.size(), 5'000u);
}

TEST_F(EventTest, threads_do_not_mix_their_lines) {
  writer = std::make_unique<LogWriter>();
  ASSERT_TRUE(writer->start());
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([this] {
        for (int i = 0; i < 50; ++i) writer->event(LogLevel::info, "from a thread");
      });
  }
  const std::string text = said();
  EXPECT_TRUE(std::regex_match(text, std::regex("([^ \n]+ info from a thread\n){200}"))) << text;
}

TEST_F(EventTest, more_than_stderr_takes_is_dropped_and_counted) {
  writer = std::make_unique<LogWriter>();
  ASSERT_TRUE(writer->start());
  const std::string text(3'900, 'x');
  constexpr std::uint64_t kEvents = 200; // far more than a pipe, the writer's hand and the ring hold together
  for (std::uint64_t i = 0; i < kEvents; ++i) writer->event(LogLevel::info, text);
  const std::regex words("warning ([0-9]+) events were dropped");
  std::uint64_t whole = 0;
  std::uint64_t lost = 0;
  std::size_t seen = 0;
  stderr_.read_until([&](const std::string& so_far) {
    for (std::size_t end = so_far.find('\n', seen); end != std::string::npos; end = so_far.find('\n', seen)) {
      const std::string line = so_far.substr(seen, end - seen);
      seen = end + 1;
      std::smatch count;
      if (line.ends_with(text))
        ++whole;
      else if (std::regex_search(line, count, words))
        lost += std::stoull(count[1]);
    }
    return whole + lost >= kEvents;
  });
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(whole + lost, kEvents);
}

TEST_F(EventTest, says_its_priority_when_stderr_is_the_journals_stream) {
  struct stat status {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(stderr_is_journal());
  event(LogLevel::error, "e");
  event(LogLevel::warning, "w");
  event(LogLevel::info, "i");
  for (const std::string& other : {stream + "1", stream + "x", std::string("1:1"), std::string(":"), std::string("12")}) {
    ::setenv("JOURNAL_STREAM", other.c_str(), 1);
    EXPECT_FALSE(stderr_is_journal()) << other;
  }
  ::unsetenv("JOURNAL_STREAM");
  const std::string text = said();
  EXPECT_TRUE(std::regex_match(text, std::regex("<3>.* error e\n<4>.* warning w\n<6>.* info i\n"))) << text;
}

} // namespace
} // namespace ledgergate::observe
