#include "inspect/charset.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::inspect;

TEST(Charset, IsNamedInManyWays) {
  EXPECT_EQ(charset_named("windows-1250"), Charset::windows1250);
  EXPECT_EQ(charset_named("CP1250"), Charset::windows1250);
  EXPECT_EQ(charset_named("latin2"), Charset::iso8859_2);
  EXPECT_EQ(charset_named("utf-16le"), Charset::utf16);
  EXPECT_EQ(charset_named(""), std::nullopt);
  EXPECT_EQ(charset_named("windows-1251"), std::nullopt);
  for (const Charset one : {Charset::utf8, Charset::utf16, Charset::ascii, Charset::windows1250, Charset::windows1252,
                            Charset::iso8859_1, Charset::iso8859_2})
    EXPECT_EQ(charset_named(to_string(one)), one) << to_string(one);
}

TEST(Charset, KnowsTheCharacterOfAByte) {
  EXPECT_EQ(character_of(Charset::windows1250, 0x9E), 0x017E);
  EXPECT_EQ(character_of(Charset::iso8859_2, 0xBE), 0x017E);
  EXPECT_EQ(character_of(Charset::windows1252, 0x80), 0x20AC);
  EXPECT_EQ(character_of(Charset::windows1252, 0xE9), 0x00E9);
  EXPECT_EQ(character_of(Charset::iso8859_1, 0xFF), 0x00FF);
  EXPECT_EQ(character_of(Charset::windows1250, 'a'), 'a');
  EXPECT_EQ(character_of(Charset::windows1250, 0x81), 0x81) << "left open by the set";
  EXPECT_EQ(character_of(Charset::iso8859_2, 0x85), 0x85);
}

TEST(Charset, IsFoundInAContentType) {
  EXPECT_EQ(charset_parameter("text/xml; charset=Windows-1250"), "Windows-1250");
  EXPECT_EQ(charset_parameter("text/xml;"), "");
  EXPECT_EQ(charset_parameter("text/xml"), "");
  EXPECT_EQ(charset_parameter(""), "");
  EXPECT_EQ(charset_parameter("application/json; charset=utf-8"), "utf-8");
  EXPECT_EQ(charset_parameter("a/b;version=1 ; CharSet = \"utf-8\" ; x=y"), "utf-8");
  EXPECT_EQ(charset_parameter("a/b; mycharset=utf-8"), "");
}

} // namespace
