#include "profile/character_length.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ledgergate;
using profile::CharacterLength;

// "" when it is believed, else the cause's name: the same for every way it is cut into pieces.
std::string verdict(std::string_view body, std::uint64_t stated) {
  std::string said;
  for (const std::size_t piece : {body.size() + 1, std::size_t{1}, std::size_t{3}}) {
    CharacterLength length;
    for (std::size_t at = 0; at < body.size(); at += piece) length.feed(body.substr(at, piece));
    const auto result = length.check(stated);
    const std::string now = result ? "" : std::string(describe(result.error().cause).name);
    if (piece > body.size())
      said = now;
    else
      EXPECT_EQ(now, said) << "in pieces of " << piece;
  }
  return said;
}

constexpr std::string_view kCzech = R"({"Result":"OK","Data":[{"NAZEV":"Žluťoučký kůň"}]})";
constexpr std::string_view kEmoji = R"({"a":"😀"})"; // 9 code points, 10 UTF-16 units, 12 bytes

TEST(CharacterLength, MayCountBytesUtf16UnitsOrCodePoints) {
  const std::size_t characters = kCzech.size() - 6; // six letters of two bytes
  EXPECT_EQ(verdict(kCzech, characters), "") << characters;
  EXPECT_EQ(verdict(kCzech, kCzech.size()), "");
  EXPECT_EQ(verdict(kEmoji, 9), "");
  EXPECT_EQ(verdict(kEmoji, 10), "");
  EXPECT_EQ(verdict(kEmoji, 12), "");
  EXPECT_EQ(verdict("", 0), "");
  EXPECT_EQ(verdict("{}", 2), "");
}

TEST(CharacterLength, ThatFitsNothingIsNotBelieved) {
  EXPECT_EQ(verdict(kEmoji, 8), "reply_bad_length");
  EXPECT_EQ(verdict(kEmoji, 11), "reply_truncated");
  EXPECT_EQ(verdict(kEmoji, 13), "reply_truncated");
  EXPECT_EQ(verdict("{}", 1), "reply_bad_length");
  EXPECT_EQ(verdict("", 1), "reply_truncated");
}

TEST(CharacterLength, OfABodyThatIsCutInACharacterIsNotBelieved) {
  EXPECT_EQ(verdict("{\"a\":\"\xC5", 6), "reply_bad_length");
  EXPECT_EQ(verdict("{\"a\":\"\xC5", 8), "reply_truncated");
}

TEST(CharacterLength, OfJsonThatEndsInTheMiddleAtTheStatedByteIsNotBelieved) {
  const std::string_view cut = kCzech.substr(0, kCzech.size() - 6); // what a library sends that enforces a length in characters
  EXPECT_EQ(verdict(cut, cut.size()), "reply_truncated");
  EXPECT_EQ(verdict("[1,2", 4), "reply_truncated");
  EXPECT_EQ(verdict("<html>", 6), "") << "no JSON: a page of bytes";
  EXPECT_EQ(verdict("{not json", 9), "") << "no JSON";
}

TEST(CharacterLength, CountsOneJsonValueOnly) {
  EXPECT_EQ(verdict("\"ž\"\r\n\r\n", 7), "") << "blanks behind it are the vendor's habit";
  EXPECT_EQ(verdict("\"ž\"\"ž\"", 6), "reply_bad_length");
  EXPECT_EQ(verdict("{\"ž\":1", 6), "reply_bad_length");
  EXPECT_EQ(verdict("ž", 1), "reply_bad_length");
  EXPECT_EQ(verdict("<ž/>", 4), "reply_bad_length");
  EXPECT_EQ(verdict(std::string("\"ž\"\0x", 6), 5), "reply_bad_length");
}

TEST(CharacterLength, IsStrictAboutUtf8) {
  EXPECT_EQ(verdict("\"\xC0\xAF\"", 3), "reply_bad_length") << "overlong";
  EXPECT_EQ(verdict("\"\xED\xA0\x80\"", 3), "reply_bad_length") << "a surrogate";
  EXPECT_EQ(verdict("\"\xE1\xF8\"", 3), "reply_bad_length") << "Windows-1250";
}

TEST(CharacterLength, EndsWithAnyDepth) {
  std::string deep(1'000'000, '[');
  deep += "\"ž\"" + std::string(1'000'000, ']');
  EXPECT_EQ(verdict(deep, 2'000'003), "");
}

} // namespace
