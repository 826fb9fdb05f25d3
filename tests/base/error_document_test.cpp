// docs/errors.md is what admins look causes up in: it must say what the table says.
#include "base/error.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace ledgergate;

std::vector<std::string> rows_of_the_document() {
  std::ifstream in(LEDGERGATE_SOURCE_DIR "/docs/errors.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("| `")) rows.push_back(line);
  return rows;
}

TEST(ErrorDocument, HasTheRowsOfTheTable) {
  std::vector<std::string> expected;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Cause::upgrade_failed); ++i) {
    const CauseInfo& info = describe(static_cast<Cause>(i));
    expected.push_back("| `" + std::string(info.name) + "` | " + std::string(to_string(info.side)) + " | " +
                       std::to_string(info.status) + " | `" + std::string(info.proxy_error) + "` | " + std::string(info.text) +
                       " |");
  }
  EXPECT_EQ(rows_of_the_document(), expected);
}

} // namespace
