// Holds config/ledgergate.schema.json, which editors read, to what the loader reads. JSON is YAML, so yaml-cpp reads the schema.
#include "settings/load.h"
#include "settings/record.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>

namespace {

using ledgergate::settings::record_schema;

const std::string kSchema = std::string(LEDGERGATE_SOURCE_DIR) + "/config/ledgergate.schema.json";

struct Found {
  std::set<std::string> keys, required;
  std::map<std::string, std::set<std::string>> choices;
};

// The part of JSON Schema that our file uses.
class Walk {
public:
  explicit Walk(const YAML::Node& root) : root_(root) { visit(root, ""); }
  [[nodiscard]] const Found& found() const noexcept { return found_; }

private:
  void visit(const YAML::Node& schema, const std::string& path) {
    if (const auto reference = schema["$ref"]) {
      const std::string prefix = "#/$defs/", name = reference.as<std::string>();
      ASSERT_TRUE(name.starts_with(prefix)) << name;
      const auto definition = root_["$defs"][name.substr(prefix.size())];
      ASSERT_TRUE(definition) << name;
      visit(definition, path);
    }
    if (const auto properties = schema["properties"]) {
      EXPECT_FALSE(schema["additionalProperties"].as<bool>(true)) << path << " would let unknown keys through";
      for (const auto& property : properties) {
        const std::string key = (path.empty() ? "" : path + '.') + property.first.as<std::string>();
        found_.keys.insert(key);
        visit(property.second, key);
      }
      for (const auto& name : schema["required"]) found_.required.insert((path.empty() ? "" : path + '.') + name.as<std::string>());
    }
    if (const auto values = schema["enum"])
      for (const auto& value : values) found_.choices[path].insert(value.as<std::string>());
    if (const auto items = schema["items"]) visit(items, path + "[]");
    if (const auto more = schema["additionalProperties"]; more && more.IsMap()) visit(more, path + "{}");
    for (const auto& alternative : schema["anyOf"]) visit(alternative, path);
  }

  YAML::Node root_;
  Found found_;
};

class Schema : public testing::Test {
protected:
  const Found found_ = Walk(YAML::LoadFile(kSchema)).found();
};

TEST_F(Schema, HasExactlyTheKeysThatTheLoaderReads) {
  const auto keys = ledgergate::settings::known_keys();
  const std::set<std::string> known(keys.begin(), keys.end());
  EXPECT_EQ(known.size(), keys.size()) << "a key is read twice";
  EXPECT_EQ(found_.keys, known);
  EXPECT_TRUE(known.contains("listen[].certificates[].chain"));
  EXPECT_TRUE(known.contains("servers{}.tls.client_certificate.key"));
}

TEST_F(Schema, RequiresExactlyWhatTheLoaderRequires) {
  const auto recorded = record_schema().required;
  EXPECT_EQ(found_.required, std::set<std::string>(recorded.begin(), recorded.end()));
}

TEST_F(Schema, OffersExactlyTheWordsThatTheLoaderTakes) {
  std::map<std::string, std::set<std::string>> taken;
  for (const auto& [path, words] : record_schema().choices) taken[path] = {words.begin(), words.end()};
  taken["listen[].tls"] = {"off", "no", "false"}; // a boolean of which only one half is allowed
  EXPECT_EQ(found_.choices, taken);
}

} // namespace
