#include "base/directory.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace ledgergate {
namespace {

struct DirectoryTest : ::testing::Test {
  DirectoryTest() {
    std::string made = (std::filesystem::temp_directory_path() / "ledgergate-names-XXXXXX").string();
    path = ::mkdtemp(made.data());
    for (const char* name : {"one", ".hidden", "two words"}) std::ofstream(path / name) << "x";
  }
  ~DirectoryTest() override { std::filesystem::remove_all(path); }
  static std::vector<std::string> sorted(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
  }
  std::filesystem::path path;
  const std::vector<std::string> all{".hidden", "one", "two words"};
};

TEST_F(DirectoryTest, NamesAllThatStandInIt) {
  int failure = -1;
  EXPECT_EQ(sorted(names_in(path.string(), failure)), all);
  EXPECT_EQ(failure, 0);
}

TEST_F(DirectoryTest, AnOpenOneCanBeReadAgainAndAgain) {
  const int open = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < 2; ++i) {
    int failure = -1;
    EXPECT_EQ(sorted(names_in(open, failure)), all);
    EXPECT_EQ(failure, 0);
  }
  EXPECT_EQ(::close(open), 0) << "it stays the caller's";
}

TEST_F(DirectoryTest, AFailureIsNamed) {
  int failure = 0;
  EXPECT_TRUE(names_in((path / "none").string(), failure).empty());
  EXPECT_EQ(failure, ENOENT);
  EXPECT_TRUE(names_in((path / "one").string(), failure).empty());
  EXPECT_EQ(failure, ENOTDIR);
  EXPECT_TRUE(names_in(-1, failure).empty());
  EXPECT_EQ(failure, EBADF);
}

} // namespace
} // namespace ledgergate
