#include "observe/log_ring.h"

#include <gtest/gtest.h>

#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

namespace ledgergate::observe {
namespace {

std::string taken(LogRing& ring) {
  std::string out;
  ring.take(out);
  return out;
}

TEST(LogRing, gives_lines_back_in_order) {
  LogRing ring(64);
  EXPECT_TRUE(ring.push("one\n"));
  EXPECT_TRUE(ring.push("two\n"));
  EXPECT_EQ(taken(ring), "one\ntwo\n");
  EXPECT_EQ(taken(ring), "");
}

TEST(LogRing, can_be_filled_to_its_last_byte_and_then_drops_whole_lines_and_counts_them) {
  LogRing ring(16);
  EXPECT_TRUE(ring.push("1234567\n"));
  EXPECT_TRUE(ring.push("abcdefg\n"));
  EXPECT_FALSE(ring.push("\n"));
  EXPECT_FALSE(ring.push("lost\n"));
  EXPECT_EQ(ring.dropped(), 2u);
  EXPECT_EQ(taken(ring), "1234567\nabcdefg\n");
  EXPECT_TRUE(ring.push("again\n"));
  EXPECT_EQ(taken(ring), "again\n");
  EXPECT_EQ(ring.dropped(), 2u);
}

TEST(LogRing, a_line_that_does_not_fit_leaves_room_for_one_that_does) {
  LogRing ring(16);
  EXPECT_TRUE(ring.push("1234567\n"));
  EXPECT_FALSE(ring.push("too long by 1\n"));
  EXPECT_TRUE(ring.push("fits\n"));
  EXPECT_EQ(taken(ring), "1234567\nfits\n");
}

TEST(LogRing, a_line_longer_than_the_ring_is_dropped) {
  LogRing ring(16);
  EXPECT_FALSE(ring.push("seventeen bytes.\n"));
  EXPECT_EQ(ring.dropped(), 1u);
}

TEST(LogRing, lines_go_over_its_end_unharmed) {
  LogRing ring(16);
  for (int i = 0; i < 100; ++i) {
    const std::string line = std::to_string(1000 + i) + "abcdef\n"; // 11 bytes: every place of the ring is an end once
    ASSERT_TRUE(ring.push(line));
    ASSERT_EQ(taken(ring), line);
  }
}

TEST(LogRing, wakes_the_writer_when_it_becomes_half_full_and_only_then) {
  const int wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const auto wake_ups = [wake] {
    eventfd_t count = 0;
    return ::eventfd_read(wake, &count) == 0 ? count : 0;
  };
  LogRing ring(16, wake);
  ASSERT_TRUE(ring.push("12\n"));
  EXPECT_EQ(wake_ups(), 0u);
  ASSERT_TRUE(ring.push("12345\n"));
  EXPECT_EQ(wake_ups(), 1u);
  ASSERT_TRUE(ring.push("1\n"));
  EXPECT_EQ(wake_ups(), 0u);
  taken(ring);
  ASSERT_TRUE(ring.push("1234567\n"));
  EXPECT_EQ(wake_ups(), 1u);
  ::close(wake);
}

TEST(LogRing, a_producer_and_a_consumer_at_once_lose_tear_and_swap_nothing) {
  LogRing ring(1024);
  constexpr std::uint64_t kLines = 200'000;
  std::uint64_t pushed = 0;
  std::jthread producer([&ring, &pushed] {
    std::string line;
    for (std::uint64_t i = 0; i < kLines; ++i) {
      line.assign(std::to_string(i)).append(i % 37, 'x').push_back('\n');
      if (ring.push(line)) ++pushed;
    }
    while (!ring.push("end\n")) std::this_thread::yield();
  });
  std::uint64_t lines = 0;
  std::uint64_t next = 0;
  std::string out;
  for (bool ended = false; !ended;) {
    out.clear();
    ring.take(out);
    for (std::string_view rest = out; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      ASSERT_NE(end, std::string_view::npos); // a line is in the ring whole or not at all
      const std::string line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      if ((ended = line == "end")) break;
      const std::uint64_t number = std::stoull(line);
      ASSERT_GE(number, next);
      ASSERT_EQ(line, std::to_string(number).append(number % 37, 'x'));
      next = number + 1;
      ++lines;
    }
    if (out.empty()) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(lines, pushed);
  EXPECT_GE(lines + ring.dropped(), kLines);
}

} // namespace
} // namespace ledgergate::observe
