// The reader against nlohmann's: the same texts are taken and refused, with the same content.
#include "inspect/json_reader.h"

#include "feeding.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;

// Writes what it hears.
class Listener final : public JsonHandler {
public:
  std::string heard;
  void key(JsonReader&, std::string_view name) override { heard += "k" + std::string(name) + "\n"; }
  void value(JsonReader&, JsonKind kind) override { heard += std::string(1, "{[\"#bn"[static_cast<int>(kind)]); }
  void string(JsonReader&, std::string_view bytes) override { heard += bytes; }
  void value_end(JsonReader&, JsonKind) override { heard += ".\n"; }
};

class Nlohmann final : public nlohmann::json_sax<nlohmann::json> {
public:
  std::string heard;
  bool null() override { return say("n.\n"); }
  bool boolean(bool) override { return say("b.\n"); }
  bool number_integer(std::int64_t) override { return say("#.\n"); }
  bool number_unsigned(std::uint64_t) override { return say("#.\n"); }
  bool number_float(double, const std::string&) override { return say("#.\n"); }
  bool string(std::string& text) override { return say("\"" + text + ".\n"); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return say("{"); }
  bool end_object() override { return say(".\n"); }
  bool start_array(std::size_t) override { return say("["); }
  bool end_array() override { return say(".\n"); }
  bool key(std::string& name) override { return say("k" + name + "\n"); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
  bool say(const std::string& word) {
    heard += word;
    return true;
  }
};

struct Heard {
  bool ok = false;
  std::string why;
  std::string what;
};

Heard hear(std::string_view json, JsonBounds bounds = {}) {
  Heard first;
  bool have = false;
  for (const auto& pieces : ways_to_cut(json)) {
    Listener listener;
    JsonReader reader(listener, bounds);
    const auto done = feed_all(reader, pieces);
    Heard one{done.ok(), done ? "" : std::string(done.error().detail), listener.heard};
    if (!have) first = one;
    have = true;
    EXPECT_EQ(one.ok, first.ok) << json;
    EXPECT_EQ(one.why, first.why) << json;
    if (one.ok) {
      EXPECT_EQ(one.what, first.what) << json;
    }
  }
  return first;
}

void expect_as_nlohmann(std::string_view json) {
  Nlohmann other;
  const bool taken = nlohmann::json::sax_parse(json.begin(), json.end(), &other);
  const Heard ours = hear(json);
  EXPECT_EQ(ours.ok, taken) << json << ": " << ours.why;
  if (taken) {
    EXPECT_EQ(ours.what, other.heard) << json;
  }
}

TEST(JsonReader, TakesAndRefusesWhatNlohmannDoes) {
  const std::string_view texts[] = {
      R"({})",
      R"( { } )",
      "{\r\n\"a\"\t:\r\n1 , \"b\":[ ] }\r\n\r\n",
      R"({"a":[1,-1,0,-0,1.5,1e5,1E+5,2.5e-3,0.0,true,false,null,"",[],{}]})",
      R"({"a":{"b":{"c":[[["x"]]]}},"d":"e"})",
      R"({"a":"\"\\\/\b\f\n\r\t\u0041\u00e1\u20ac\ud83d\ude00"})",
      "{\"a\":\"\xC3\xA1\xE2\x82\xAC\xF0\x9F\x98\x80\"}",
      // Refused by both.
      "",
      "  ",
      "{",
      R"({"a")",
      R"({"a":)",
      R"({"a":1)",
      R"({"a":1,})",
      R"({,})",
      R"({"a":[1,]})",
      R"({"a":[,1]})",
      R"({"a":[1})",
      R"({"a":{]})",
      R"({"a":1]})",
      R"({'a':1})",
      R"({a:1})",
      R"({"a":'x'})",
      R"({"a":1}x)",
      R"({"a":1}{"a":1})",
      R"({"a" 1})",
      R"({"a":1 "b":2})",
      R"({"a":01})",
      R"({"a":-})",
      R"({"a":+1})",
      R"({"a":.5})",
      R"({"a":1.})",
      R"({"a":1.e5})",
      R"({"a":1e})",
      R"({"a":1e+})",
      R"({"a":0x1F})",
      R"({"a":NaN})",
      R"({"a":Infinity})",
      R"({"a":undefined})",
      R"({"a":True})",
      R"({"a":tru})",
      R"({"a":nulll})",
      R"({"a":new Date(1)})",
      R"({/*c*/"a":1})",
      "{\"a\":1}//c",
      R"({"a":"\x"})",
      R"({"a":"\u12"})",
      R"({"a":"\u12g4"})",
      R"({"a":"\ud800"})",
      R"({"a":"\ud800x"})",
      R"({"a":"\ud800\n"})",
      R"({"a":"\ud800\ud800"})",
      R"({"a":"\udc00"})",
      R"({"a":"x)",
      "{\"a\":\"\n\"}",
      "{\"a\":\"\t\"}",
      "{\"a\":\"\xE1\"}",
      "{\"a\":\"\xC0\xA2\"}",
      "{\"a\":\"\xE0\x80\xA2\"}",
      "{\"a\":\"\xED\xA0\x80\"}",
      "{\"a\":\"\xF4\x90\x80\x80\"}",
      "{\"a\":\"\xF0\x9F\x98\"}",
      "{\"a\":\"\xFF\"}",
      "{\"a\":1}\xEF\xBB\xBF",
      "\xEF\xBB{}",
      "\xEF\xBB\xBF\xEF\xBB\xBF{}",
      "\xFE\xFF{}",
  };
  for (const std::string_view text : texts) expect_as_nlohmann(text);
  expect_as_nlohmann("\xEF\xBB\xBF{\"a\":1}"); // a mark in front
  expect_as_nlohmann(std::string_view("{\"a\":\"\0\"}", 9));
  expect_as_nlohmann(std::string_view("{\0}", 3));
}

// Which nlohmann takes for the end of the text.
TEST(JsonReader, RefusesANulBehindTheEnd) {
  EXPECT_EQ(hear(std::string_view("{\"a\":1}\0", 8)).why, "the JSON has something behind its end");
  EXPECT_EQ(hear(std::string_view("{\"a\":1}\0{\"a\":2}", 15)).why, "the JSON has something behind its end");
}

TEST(JsonReader, TakesNothingButAnObject) {
  for (const std::string_view text : {"[]", "1", "\"a\"", "null", "[{\"a\":1}]"})
    EXPECT_EQ(hear(text).why, "the body is not a JSON object") << text;
}

TEST(JsonReader, RefusesANameThatComesTwice) {
  for (const std::string_view text :
       {R"({"a":1,"a":2})", R"({"command":1,"Command":2})", R"({"a":{"b":1,"c":{"b":1},"B":1}})", R"({"\u0061":1,"A":2})"})
    EXPECT_EQ(hear(text).why, "a name appears twice in an object of the JSON") << text;
  EXPECT_TRUE(hear(R"({"a":{"a":{"a":1},"b":{"a":1}},"b":[{"a":1},{"a":1}]})").ok);
}

TEST(JsonReader, RefusesANulInAString) {
  EXPECT_EQ(hear(R"({"a":"x\u0000y"})").why, "a NUL in a string of the JSON");
  EXPECT_EQ(hear(R"({"a\u0000":"y"})").why, "a NUL in a string of the JSON");
}

TEST(JsonReader, BoundsWhatItReads) {
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(hear(nested(63)).ok);
  EXPECT_EQ(hear(nested(64)).why, "the JSON is nested too deep");
  EXPECT_EQ(hear("{\"" + std::string(129, 'a') + "\":1}").why, "a name in the JSON is too long");
  EXPECT_TRUE(hear("{\"" + std::string(128, 'a') + "\":1}").ok);
  EXPECT_TRUE(hear("{\"a\":" + std::string(64, '1') + "}").ok);
  EXPECT_EQ(hear("{\"a\":" + std::string(65, '1') + "}").why, "a number in the JSON is too long");
  JsonBounds few;
  few.keys = 2;
  EXPECT_TRUE(hear(R"({"a":{"b":1,"c":2},"b":{"a":1,"b":2}})", few).ok);
  EXPECT_EQ(hear(R"({"a":1,"b":2,"c":3})", few).why, "an object of the JSON has too many names");
  JsonBounds small;
  small.size = 10;
  EXPECT_EQ(hear(R"({"a":"0123456789"})", small).why, "the JSON is too large");
}

} // namespace
