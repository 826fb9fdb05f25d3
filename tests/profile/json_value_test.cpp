#include "profile/json_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <random>
#include <string>

namespace {

using ledgergate::profile::JsonValue;

bool whole(std::string_view text, std::size_t piece) {
  JsonValue value;
  for (std::size_t at = 0; at < text.size(); at += piece) value.feed(text.substr(at, piece));
  return value.whole();
}

TEST(JsonValue, IsOneAndNothingElse) {
  for (const std::string_view text : {"{}", " [ ] ", "0", "-0.5e+10", "true", "null ", "\"\"",
                                      R"({"a":[1,{"b":"\u017E\ud83d\ude00\n"}],"a":false})", "\xEF\xBB\xBF[1]\r\n\r\n"})
    EXPECT_TRUE(whole(text, 1)) << text;
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\"}",
                                      "{\"a\":1,}",
                                      "{1:2}",
                                      "[}",
                                      "{]",
                                      "01",
                                      "1.",
                                      "1e",
                                      "-",
                                      "+1",
                                      ".5",
                                      "tru",
                                      "truex",
                                      "[1] 2",
                                      "\"a",
                                      "\"\\x\"",
                                      R"("\ud83d")",
                                      R"("\ude00")",
                                      R"("\ud83dx")",
                                      "\"\t\"",
                                      "'a'",
                                      "[1 2]",
                                      "\xEF\xBB[1]",
                                      " \xEF\xBB\xBF[1]",
                                      "NaN",
                                      "// a\n1"})
    EXPECT_FALSE(whole(text, 1)) << text;
}

TEST(JsonValue, HasADepthThatIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(whole(nested(JsonValue::kDeepest), 4096));
  EXPECT_FALSE(whole(nested(JsonValue::kDeepest + 1), 4096));
}

// Small alphabets make every second text nearly right.
TEST(JsonValue, AgreesWithNlohmann) {
  std::mt19937 random(1); // NOLINT: the same texts each time
  const std::vector<std::string> words = {"{", "}",    "[",       "]",       ",",    ":",     "\"",   "\"a\"", "\\",
                                          "u", "d83d", "\\ude00", "\\u0041", "n",    "0",     "1",    "-",     ".",
                                          "e", "+",    " ",       "\n",      "true", "false", "null", "x",     "\t"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = random() % 9; left > 0; --left) text += words[random() % words.size()];
    const bool expected = nlohmann::json::accept(text);
    ASSERT_EQ(whole(text, text.size() + 1), expected) << text;
    ASSERT_EQ(whole(text, 1), expected) << text;
  }
}

} // namespace
