#include "http/spool.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

TEST_F(SpoolTest, ChargesMemoryAndThenDiskAndGivesBoth) {
  SpoolBudget budget({1000, 4'000'000});
  Spool spool;
  spool.open(directory, 200, SpoolPart(budget, "a"));
  ASSERT_TRUE(spool.append(pattern(150)).ok());
  EXPECT_GE(budget.held().memory, 150U);
  EXPECT_EQ(budget.held().files, 0U);
  ASSERT_TRUE(spool.append(pattern(100)).ok());
  EXPECT_EQ(budget.held().memory, 0U);
  EXPECT_EQ(budget.held().files, 250U);
  spool.clear();
  EXPECT_TRUE(budget.held().nothing());
}

TEST_F(SpoolTest, GivesBackAtItsEndAndWhenOpenedAnew) {
  SpoolBudget budget({1000, 4'000'000});
  {
    Spool spool;
    spool.open(directory, 10, SpoolPart(budget, "a"));
    ASSERT_TRUE(spool.append(pattern(100)).ok());
    spool.open(directory, 10, SpoolPart(budget, "b"));
    EXPECT_TRUE(budget.held().nothing());
    ASSERT_TRUE(spool.append(pattern(100)).ok());
    EXPECT_EQ(budget.held().files, 100U);
  }
  EXPECT_TRUE(budget.held().nothing());
}

TEST_F(SpoolTest, GoesToItsFileAtOnceWhenTheMemoryOfAllIsUsedUp) {
  SpoolBudget budget({1000, 4'000'000});
  SpoolPart others(budget, "others");
  ASSERT_TRUE(others.take_memory(250));
  SpoolPart more(budget, "more");
  ASSERT_TRUE(more.take_memory(250));
  Spool spool, till;
  spool.open(directory, 600, SpoolPart(budget, "others"));
  ASSERT_TRUE(spool.append(pattern(100)).ok());
  EXPECT_EQ(budget.held().files, 100U);
  EXPECT_EQ(read_back(spool, 30), pattern(100));
  till.open(directory, 600, SpoolPart(budget, "till"));
  ASSERT_TRUE(till.append(pattern(100)).ok());
  EXPECT_EQ(budget.held().files, 100U) << "its own quarter of the memory is free";
}

TEST_F(SpoolTest, NamesWhatIsFull) {
  SpoolBudget budget({400, 4000});
  SpoolPart held(budget, "a");
  ASSERT_EQ(held.take_file(950), SpoolBudget::Fit::yes);
  Spool spool;
  spool.open(directory, 10, SpoolPart(budget, "a"));
  EXPECT_EQ(spool.room_for(51).error().cause, Cause::spool_full);
  EXPECT_TRUE(spool.room_for(50).ok());
  EXPECT_EQ(spool.append(pattern(51)).error().cause, Cause::spool_full);
  spool.open(directory, 10, SpoolPart(budget, "b"));
  EXPECT_EQ(spool.room_for(1001).error().cause, Cause::body_too_large) << "no waiting will make room for it";
  EXPECT_EQ(spool.append(pattern(1001)).error().cause, Cause::body_too_large);
  spool.clear();
  EXPECT_EQ(budget.held().files, 950U);
}

TEST_F(SpoolTest, ASmallBodyFitsInMemoryWhenTheDiskPartIsUsedUp) {
  SpoolBudget budget({400, 4000});
  SpoolPart held(budget, "a");
  ASSERT_EQ(held.take_file(1000), SpoolBudget::Fit::yes);
  Spool spool;
  spool.open(directory, 50, SpoolPart(budget, "a"));
  EXPECT_TRUE(spool.room_for(50).ok());
  EXPECT_TRUE(spool.append(pattern(50)).ok());
}

// What a caller has taken of a long reply holds no disk any more.
TEST_F(SpoolTest, GivesReleasedBlocksBackToTheDisk) {
  constexpr std::size_t kMi = 1024 * 1024;
  SpoolBudget budget({1000, 100 * kMi});
  const std::string body = pattern(8 * kMi + 5);
  Spool spool;
  spool.open(directory, 10, SpoolPart(budget, "a"));
  ASSERT_TRUE(spool.append(body).ok());
  spool.release(kMi - 1);
  EXPECT_EQ(budget.held().files, body.size()) << "in steps";
  spool.release(5 * kMi + 7);
  EXPECT_EQ(budget.held().files, body.size() - 5 * kMi);
  EXPECT_EQ(spool.size(), body.size());
  std::string rest(body.size() - 5 * kMi, '\0');
  const auto read = spool.read(5 * kMi, rest.data(), rest.size());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::string_view(rest).substr(0, *read), std::string_view(body).substr(5 * kMi, *read));
  spool.clear();
  EXPECT_TRUE(budget.held().nothing());
}

TEST_F(SpoolTest, BeginsInMemoryAgainWhenAllWasReleased) {
  const std::size_t files = open_files();
  SpoolBudget budget({1000, 4'000'000});
  const std::string body = pattern(1000);
  Spool spool;
  spool.open(directory, 200, SpoolPart(budget, "a"));
  ASSERT_TRUE(spool.append(std::string_view(body).substr(0, 500)).ok());
  EXPECT_EQ(open_files(), files + 1);
  spool.release(500);
  EXPECT_EQ(open_files(), files);
  EXPECT_EQ(budget.held().files, 0U);
  std::string block(300, '\0');
  // In memory, then in a file again; offsets go on.
  for (const std::size_t end : {std::size_t{600}, std::size_t{900}}) {
    ASSERT_TRUE(spool.append(std::string_view(body).substr(spool.size(), end - spool.size())).ok());
    EXPECT_EQ(spool.size(), end);
    const auto read = spool.read(500, block.data(), block.size());
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(std::string_view(block).substr(0, *read), std::string_view(body).substr(500, std::min<std::size_t>(300, end - 500)));
  }
}

TEST_F(SpoolTest, WhatWasReleasedIsGone) {
  Spool spool;
  spool.open(directory, 200);
  ASSERT_TRUE(spool.append(pattern(100)).ok());
  spool.release(100);
  ASSERT_TRUE(spool.append(pattern(100)).ok());
  char byte = 0;
  EXPECT_FALSE(spool.read(99, &byte, 1).ok());
  EXPECT_TRUE(spool.read(100, &byte, 1).ok());
}

TEST_F(SpoolTest, ALargeFileIsClosedBesideTheLoop) {
  io::Loop loop;
  const std::size_t files = open_files();
  SpoolBudget budget({1000, 100'000'000});
  Spool spool;
  spool.open(directory, 10, SpoolPart(budget, "a"), &loop);
  ASSERT_TRUE(spool.append(pattern(9'000'000)).ok());
  spool.clear();
  EXPECT_TRUE(budget.held().nothing());
  loop.stop();
  loop.run();
  EXPECT_LE(open_files(), files);
}

// Where a file system has no O_TMPFILE.
TEST_F(SpoolTest, WithoutNamelessFilesANameExistsForAMomentOnly) {
  const int file = open_unlinked(directory, false);
  ASSERT_GE(file, 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  struct stat about {};
  ASSERT_EQ(::fstat(file, &about), 0);
  EXPECT_EQ(about.st_nlink, 0U);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(::pwrite(file, "x", 1, 0), 1);
  EXPECT_NE(::fcntl(file, F_GETFD) & FD_CLOEXEC, 0);
  ::close(file);
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
