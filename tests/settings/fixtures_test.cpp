// Runs tests/config: every file says in `# expect:` lines exactly what is to be said about it, place and words. Where words are
// yaml-cpp's own and change with its version, `# expect (yaml-cpp 0.8):` lines have all that is said with Debian 13's.
#include "settings/load.h"

#include "given_credentials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using ledgergate::settings::load_file;
using ledgergate::settings::Loaded;
namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(LEDGERGATE_SOURCE_DIR) / "tests" / "config";

constexpr std::string_view kMark = "# expect: ";
constexpr std::string_view kMarkOfNewer = "# expect (yaml-cpp 0.8): ";

std::vector<std::string> expected(const fs::path& file, std::string_view mark) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(mark)) out.push_back(line.substr(mark.size()));
  return out;
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(directory)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

// Relative names in the fixtures start at the fixtures, and messages repeat them: so they are loaded from their own directory.
class Fixtures : public testing::TestWithParam<fs::path> {
protected:
  void SetUp() override { fs::current_path(GetParam().parent_path()); }
  void TearDown() override { fs::current_path(before_); }

  static Loaded load_and_compare() {
    const std::string name = GetParam().filename().string();
    Loaded loaded = load_file(name);
    std::vector<std::string> said;
    for (const auto& problem : loaded.problems) {
      const std::string line = problem.format();
      const bool named = line.starts_with(name + ':');
      EXPECT_TRUE(named) << line;
      // ":3:5: error: …" or, without a place, ": error: …"
      said.push_back(line.substr(name.size() + (line.substr(name.size(), 2) == ": " ? 2 : 1)));
    }
    const std::vector<std::string> with_newer = expected(name, kMarkOfNewer);
    if (with_newer.empty() || said != with_newer) {
      EXPECT_EQ(said, expected(name, kMark));
    }
    return loaded;
  }

private:
  const ledgergate::tests::GivenCredentials given_;
  const fs::path before_ = fs::current_path();
};

std::string test_name(const testing::TestParamInfo<fs::path>& info) { return info.param.stem().string(); }

class ValidFixtures : public Fixtures {};
TEST_P(ValidFixtures, AreLoaded) {
  const Loaded loaded = load_and_compare();
  EXPECT_NE(loaded.settings, nullptr);
  EXPECT_TRUE(std::all_of(loaded.problems.begin(), loaded.problems.end(), [](const auto& problem) { return problem.warning; }));
}
INSTANTIATE_TEST_SUITE_P(Config, ValidFixtures, testing::ValuesIn(files_in(kFixtures / "valid")), test_name);

class InvalidFixtures : public Fixtures {};
TEST_P(InvalidFixtures, AreRefusedWithTheirMistakes) {
  const Loaded loaded = load_and_compare();
  EXPECT_EQ(loaded.settings, nullptr);
  EXPECT_TRUE(std::any_of(loaded.problems.begin(), loaded.problems.end(), [](const auto& problem) { return !problem.warning; }));
}
INSTANTIATE_TEST_SUITE_P(Config, InvalidFixtures, testing::ValuesIn(files_in(kFixtures / "invalid")), test_name);

} // namespace
