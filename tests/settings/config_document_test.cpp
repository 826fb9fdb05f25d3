// docs/config.md and the manual page promise every key: a row for each that the loader reads, and for no other.
#include "settings/load.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

namespace {

using Keys = std::multiset<std::string>;

// What stands between `before` and `after` in the lines that begin with `before`.
Keys keys_in(const std::string& file, const std::string& before, char after) {
  std::ifstream in(LEDGERGATE_SOURCE_DIR "/docs/" + file);
  Keys keys;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(before)) keys.insert(line.substr(before.size(), line.find(after, before.size()) - before.size()));
  return keys;
}

Keys known() {
  const auto keys = ledgergate::settings::known_keys();
  return {keys.begin(), keys.end()};
}

TEST(ConfigDocument, HasARowForEachKeyAndNoOther) { EXPECT_EQ(keys_in("config.md", "| `", '`'), known()); }

TEST(ConfigManual, HasAnEntryForEachKeyAndNoOther) { EXPECT_EQ(keys_in("ledgergate.yaml.5", ".B ", '\n'), known()); }

} // namespace
