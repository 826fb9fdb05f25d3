// Whatever a caller's text holds, the document around it stays what it is.
#include "profile/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ledgergate;
using namespace ledgergate::profile;

std::string xml(std::string_view text, Encoding encoding = Encoding::utf8) {
  std::string out;
  append_xml(text, encoding, out);
  return out;
}
std::string json(std::string_view text) {
  std::string out;
  append_json(text, out);
  return out;
}

TEST(XmlEscape, LeavesNoMarkup) {
  EXPECT_EQ(xml("a\"b'c<d>e&f]]>"), "a&quot;b&#39;c&lt;d&gt;e&amp;f]]&gt;");
  EXPECT_EQ(xml("\" state=\"ok\"/><x y=\""), "&quot; state=&quot;ok&quot;/&gt;&lt;x y=&quot;");
}

TEST(XmlEscape, KeepsWhiteSpaceThatAttributesWouldLose) { EXPECT_EQ(xml("a\tb\nc\rd e"), "a&#9;b&#10;c&#13;d e"); }

TEST(XmlEscape, ReplacesWhatXmlAllowsInNoForm) {
  using namespace std::string_view_literals;
  EXPECT_EQ(xml("a\0b\x01\x1F\x7F"sv), "a\uFFFDb\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(xml("\uFFFE\uFFFF\u0085"), "\uFFFD\uFFFD\uFFFD");
}

TEST(XmlEscape, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(xml("a\xC4z"), "a\uFFFDz");
  EXPECT_EQ(xml("a\xC4", Encoding::windows_1250), "a&#65533;");
}

TEST(XmlEscape, WritesWindows1250AndReferencesForTheRest) {
  EXPECT_EQ(xml("Žluťoučký kůň", Encoding::windows_1250), "\x8E"
                                                          "lu\x9Dou\xE8k\xFD k\xF9\xF2");
  EXPECT_EQ(xml("Žluťoučký kůň", Encoding::iso_8859_2), "\xAE"
                                                        "lu\xBBou\xE8k\xFD k\xF9\xF2");
  EXPECT_EQ(xml("Я€", Encoding::windows_1250), "&#1071;\x80");
  EXPECT_EQ(xml("\U0001F600", Encoding::iso_8859_2), "&#128512;");
}

TEST(XmlEscape, WritesUtf16) {
  using namespace std::string_view_literals;
  EXPECT_EQ(xml("ř<\U0001F600", Encoding::utf16), "\x59\x01&\0l\0t\0;\0\x3D\xD8\x00\xDE"sv);
}

TEST(JsonEscape, LeavesNoWayOutOfTheString) {
  EXPECT_EQ(json("a\"b\\c\n\r\t\b"), R"(a\"b\\c\n\r\t\u0008)");
  EXPECT_EQ(json("\",\"Result\":\"OK"), R"(\",\"Result\":\"OK)");
  EXPECT_EQ(json("</script>&\u2028\u0080"), R"(\u003c/script\u003e\u0026\u2028\u0080)");
  EXPECT_EQ(json("Škoda \U0001F600"), "Škoda \U0001F600");
}

TEST(JsonEscape, ReplacesWhatIsNotUtf8) {
  using namespace std::string_view_literals;
  EXPECT_EQ(json("a\xFF\xED\xA0\x80z\0"sv), "a\uFFFD\uFFFD\uFFFD\uFFFDz\\u0000");
}

} // namespace
