#include "http/spool.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

namespace ledgergate::http::tests {
namespace {

class SpoolTest : public ::testing::Test {
protected:
  SpoolTest() {
    std::string name = ::testing::TempDir() + "spool-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) directory = name;
  }
  ~SpoolTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  void SetUp() override { ASSERT_FALSE(directory.empty()); }

  std::string directory;
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  std::generate(bytes.begin(), bytes.end(), [&state] {
    state = state * 1664525 + 1013904223;
    return static_cast<char>(state >> 24);
  });
  return bytes;
}

std::string read_back(const Spool& spool, std::size_t step) {
  std::string all, block(step, '\0');
  for (;;) {
    const auto count = spool.read(all.size(), block.data(), block.size());
    if (!count) return "read failed";
    if (*count == 0) return all;
    all.append(block, 0, *count);
  }
}

std::size_t open_files() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(SpoolTest, ASmallBodyNeverTouchesTheDisk) {
  const std::size_t files = open_files();
  Spool spool;
  const std::string nowhere = "/no/such/directory";
  spool.open(nowhere, 1000);
  ASSERT_TRUE(spool.append(pattern(1000)).ok());
  EXPECT_EQ(spool.size(), 1000U);
  EXPECT_EQ(read_back(spool, 300), pattern(1000));
  EXPECT_EQ(open_files(), files);
}

TEST_F(SpoolTest, ALargeBodyGoesToAFileAndComesBackWhole) {
  const std::string body = pattern(3'000'000);
  Spool spool;
  spool.open(directory, 1000);
  for (std::size_t at = 0; at < body.size(); at += 777) ASSERT_TRUE(spool.append(std::string_view(body).substr(at, 777)).ok());
  EXPECT_EQ(spool.size(), body.size());
  EXPECT_EQ(read_back(spool, 65'536), body);
  EXPECT_EQ(read_back(spool, 1'000'000), body) << "it can be read again";
}

TEST_F(SpoolTest, NothingHasANameInTheDirectory) {
  Spool spool;
  spool.open(directory, 10);
  ASSERT_TRUE(spool.append(pattern(100'000)).ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory));
}

TEST_F(SpoolTest, GivesItsFileBackWhenCleared) {
  const std::size_t files = open_files();
  Spool spool;
  spool.open(directory, 10);
  ASSERT_TRUE(spool.append(pattern(100)).ok());
  EXPECT_EQ(open_files(), files + 1);
  spool.clear();
  EXPECT_EQ(open_files(), files);
  EXPECT_EQ(spool.size(), 0U);
  spool.open(directory, 1000);
  ASSERT_TRUE(spool.append("again").ok());
  EXPECT_EQ(read_back(spool, 10), "again");
}

TEST_F(SpoolTest, ADirectoryThatIsNotThereIsAFailureOfTheSpool) {
  const std::string missing = directory + "/missing";
  Spool spool;
  spool.open(missing, 10);
  const auto kept = spool.append(pattern(11));
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().cause, Cause::spool_failed);
}

// A full disk, as far as one process can make one: the size a file may have. In a child, for the limit can't be taken back there.
TEST_F(SpoolTest, ADiskThatIsFullIsAFailureOfTheSpool) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Spool spool;
    spool.open(directory, 10);
    const bool first = spool.append(pattern(90'000)).ok();
    const auto second = spool.append(pattern(90'000));
    ::_exit(first && !second.ok() && second.error().cause == Cause::spool_failed ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace
} // namespace ledgergate::http::tests
