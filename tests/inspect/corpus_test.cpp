// The checks of tests/fuzz over their seed corpora: with any compiler, in every build.
#include "checks.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace ledgergate;

int run(const std::string& name, void (*check)(std::string_view)) {
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(LEDGERGATE_SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    SCOPED_TRACE(file.path());
    check(bytes);
    ++files;
  }
  return files;
}

TEST(Corpus, HoldsForXml) { EXPECT_GT(run("xml", fuzz::check_xml), 5); }
TEST(Corpus, HoldsForJson) { EXPECT_GT(run("json", fuzz::check_json), 5); }
TEST(Corpus, HoldsForCompressedBodies) { EXPECT_GT(run("inflate", fuzz::check_inflate), 3); }
TEST(Corpus, HoldsForReplies) { EXPECT_GT(run("reply", fuzz::check_reply), 5); }
TEST(Corpus, HoldsForRefusals) { EXPECT_GT(run("refusal", fuzz::check_refusal), 5); }

} // namespace
