#include "enrol/client_text.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::enrol;

const std::string kOne(64, 'a'), kTwo(64, 'b'), kThree(64, 'c');

std::string client(const std::string& name, const std::string& key, const std::string& more = "") {
  return name + ":\n  api_key_sha256: [\"" + key + "\"]\n" + more;
}

const ClientFile* find(const std::vector<ClientFile>& all, const std::string& name) {
  for (const ClientFile& each : all)
    if (each.name == name) return &each;
  return nullptr;
}

TEST(ClientTexts, TellOfEachClient) {
  const std::string text =
      "# ours\n" + client("warehouse", kOne, "  class: bulk\n") + client("eshop", kTwo, "  disabled: yes\n  from: [::1]\n");
  const auto all = clients_in("x.yaml", text);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "warehouse");
  EXPECT_EQ(all[0].turn_class, "bulk");
  EXPECT_FALSE(all[0].disabled);
  EXPECT_TRUE(all[1].disabled);
  EXPECT_EQ(all[1].from, "::1");
  EXPECT_EQ(all[1].keys, 1U);
  EXPECT_TRUE(clients_in("x.yaml", "").at(0).mistake.starts_with("x.yaml: error: the file is empty: a file of `clients_dir`"));
  EXPECT_TRUE(clients_in("x.yaml", "# none yet\n").at(0).mistake.starts_with("x.yaml: error: there are only comments in the file"));
  EXPECT_NE(clients_in("x.yaml", "- a\n").at(0).mistake, "");
  EXPECT_TRUE(clients_in("x.yaml", "a: {\n").at(0).mistake.starts_with("x.yaml:"));
}

TEST(ClientTexts, AreChangedWhereTheNamedClientStands) {
  const std::string first = client("warehouse", kOne, "  class: bulk\n"), last = client("'till'", kThree, "  # the last\n");
  const std::string middle = client("eshop", kTwo);
  const std::string text = "# ours\n" + first + "\n# the shop\n" + middle + last;
  const auto off = with_disabled(text, "eshop", true);
  EXPECT_EQ(off, "# ours\n" + first + "\n# the shop\neshop:\n  disabled: true\n  api_key_sha256: [\"" + kTwo + "\"]\n" + last);
  EXPECT_EQ(with_disabled(*off, "eshop", false), text);
  EXPECT_FALSE(with_disabled(*off, "warehouse", false));
  EXPECT_FALSE(with_disabled(*off, "eshop", true));
  EXPECT_FALSE(with_disabled(text, "nobody", true));
  EXPECT_EQ(keys_of(text, "till"), '"' + kThree + '"');
  const auto rotated = with_keys(text, "till", '"' + kOne.substr(1) + "d\", \"" + kThree + '"');
  ASSERT_TRUE(rotated);
  EXPECT_EQ(keys_of(*rotated, "eshop"), '"' + kTwo + '"');
  EXPECT_EQ(keys_of(*rotated, "warehouse"), '"' + kOne + '"');
  EXPECT_EQ(find(clients_in("", *rotated), "till")->keys, 2U);
}

TEST(ClientTexts, NeedNoKeysToBeDisabled) {
  const std::string text = "till:\n    certificate: { san: till.branch.internal }\n";
  const auto off = with_disabled("\xef\xbb\xbf"
                                 "a:\n  user: x\n" +
                                     text,
                                 "till", true);
  EXPECT_EQ(off, "\xef\xbb\xbf"
                 "a:\n  user: x\ntill:\n    disabled: true\n    certificate: { san: till.branch.internal }\n");
}

TEST(ClientTexts, WrittenInAnotherWayAreLeftAlone) {
  const std::string flow = "{ warehouse: { api_key_sha256: [\"" + kOne + "\"] }, eshop: { api_key_sha256: [\"" + kTwo + "\"] } }\n";
  const std::string shared = "warehouse: &all\n  api_key_sha256: [\"" + kOne + "\"]\neshop: *all\n";
  const std::string block = "warehouse:\n  user: |\n    x\n  disabled: true\neshop:\n  disabled: false\n  user: y\n";
  for (const std::string& text : {flow, shared}) {
    EXPECT_FALSE(with_disabled(text, "eshop", true)) << text;
    EXPECT_FALSE(with_keys(text, "eshop", '"' + kThree + '"')) << text;
    EXPECT_FALSE(with_disabled(text, "warehouse", true)) << text;
  }
  EXPECT_FALSE(with_disabled(block, "eshop", true));
  EXPECT_FALSE(with_disabled(block, "eshop", false));
  EXPECT_FALSE(keys_of("eshop:\n  api_key_sha256:   [\"" + kTwo + "\"]\n", "eshop"));
  EXPECT_FALSE(keys_of("eshop:\n  api_key_sha256:\n    - \"" + kTwo + "\"\n", "eshop"));
}

TEST(ClientText, ReadsABooleanAsTheEdgeDoes) {
  for (const char* const word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    const std::string text = client("eshop", kOne, std::string("  disabled: ") + word + "\n");
    EXPECT_TRUE(clients_in("x.yaml", text).at(0).disabled) << word;
    EXPECT_EQ(with_disabled(text, "eshop", false).has_value(), std::string(word) == "true") << word << ": written by hand";
  }
  for (const char* const word : {"false", "False", "no", "No", "off", "OFF"})
    EXPECT_FALSE(clients_in("x.yaml", client("eshop", kOne, std::string("  disabled: ") + word + "\n")).at(0).disabled) << word;
}

} // namespace
