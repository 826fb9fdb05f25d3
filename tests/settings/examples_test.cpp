// The files in config/ are what people start from: they must load without a word, once the files they name are there.
#include "settings/load.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace ledgergate::settings;
namespace fs = std::filesystem;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

std::vector<fs::path> example_files() {
  const fs::path config = fs::path(LEDGERGATE_SOURCE_DIR) / "config";
  std::vector<fs::path> out{config / "ledgergate.yaml"};
  for (const auto& entry : fs::directory_iterator(config / "examples")) out.push_back(entry.path());
  return out;
}

class Examples : public testing::TestWithParam<fs::path> {
protected:
  void SetUp() override {
    std::ifstream in(GetParam());
    std::stringstream stream;
    stream << in.rdbuf();
    text_ = stream.str();
    ASSERT_FALSE(text_.empty());
    // An installed machine in miniature.
    const std::string root = directory_.path().string();
    fs::create_directories(directory_.path() / "acme");
    fs::create_directories(directory_.path() / "clients.d");
    fs::create_directories(directory_.path() / "ca");
    for (const char* name :
         {"edge.pem", "edge.key", "edge-ecdsa.pem", "edge-ecdsa.key", "edge-rsa.pem", "edge-rsa.key", "shop-ca.pem", "tills-ca.pem",
          "tills-crl.pem", "client.pem", "client.key", "ca/ca.pem", "ca/crl.pem", "till-brno.pem", "users"})
      directory_.write(name, "x");
    for (const char* name : {"pohoda.cred", "premier.cred"})
      fs::permissions(directory_.write(name, "user:password\n"), fs::perms::owner_read);
    replace_all(text_, "/etc/ledgergate", root);
    replace_all(text_, "/var/lib/ledgergate", root);
    replace_all(text_, "/var/spool/ledgergate", root);
  }
  ledgergate::tests::TemporaryDirectory directory_;
  std::string text_;
};

TEST_P(Examples, LoadWithoutAWord) {
  const Loaded loaded = load_text(text_, GetParam().string());
  EXPECT_NE(loaded.settings, nullptr);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.format();
}
std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  replace_all(name, "-", "_");
  return name;
}
INSTANTIATE_TEST_SUITE_P(Config, Examples, testing::ValuesIn(example_files()), test_name);

// The commented file says "every key there is": so it must. Each key stands in it as `key:`, in use or in a comment.
TEST(CommentedExample, NamesEveryKey) {
  std::ifstream in(fs::path(LEDGERGATE_SOURCE_DIR) / "config" / "ledgergate.yaml");
  std::stringstream stream;
  stream << in.rdbuf();
  const std::string text = stream.str();
  for (const std::string& path : known_keys())
    EXPECT_NE(text.find(path.substr(path.rfind('.') + 1) + ':'), std::string::npos) << path;
}

TEST(MinimalExample, IsAboutTenLines) {
  std::ifstream in(fs::path(LEDGERGATE_SOURCE_DIR) / "config" / "examples" / "minimal.yaml");
  int lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  EXPECT_GT(lines, 3);
  EXPECT_LE(lines, 10);
}

} // namespace
