#include "enrol/files.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace {

using ledgergate::enrol::Folder;

TEST(Folder, ReadsRegularFilesOfAtMost16MiBAndSaysWhyNotOthers) {
  constexpr std::size_t kMost = 16 * 1024 * 1024;
  const ledgergate::tests::TemporaryDirectory directory;
  directory.write("whole", std::string(kMost, 'a'));
  directory.write("larger", std::string(kMost + 1, 'a'));
  directory.write("empty", "");
  std::filesystem::create_directory(directory.path() / "below");
  std::string why;
  const auto folder = Folder::open(directory.path(), why);
  ASSERT_TRUE(folder) << why;
  const auto reason = [&](const std::string& name) {
    why.clear();
    EXPECT_FALSE(folder->read(name, why)) << name;
    return why;
  };
  const auto whole = folder->read("whole", why);
  ASSERT_TRUE(whole) << why;
  EXPECT_EQ(whole->size(), kMost);
  EXPECT_EQ(folder->read("empty", why), "");
  const std::string where = directory.path().string() + "/";
  EXPECT_EQ(reason("larger"), where + "larger: is larger than 16 MiB");
  EXPECT_EQ(reason("below"), where + "below: is not a regular file");
  EXPECT_TRUE(reason("none").starts_with(where + "none: ")) << why;
  EXPECT_GT(why.size(), where.size() + 6);
}

} // namespace
