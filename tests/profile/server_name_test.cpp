#include "profile/endpoints.h"

#include <gtest/gtest.h>

namespace ledgergate::profile {
namespace {

struct Case {
  const char* what;
  std::string_view body;
  std::string_view url;
  std::string_view expected; // empty: nothing is replaced
};

class ServerName : public testing::TestWithParam<Case> {};

TEST_P(ServerName, IsReplaced) {
  const auto& c = GetParam();
  std::string out = "untouched";
  const bool done = replace_server_name(c.body, c.url, out);
  EXPECT_EQ(done, !c.expected.empty());
  EXPECT_EQ(out, c.expected.empty() ? "untouched" : c.expected);
}

constexpr std::string_view kUrl = "https://ucto.example.cz";

INSTANTIATE_TEST_SUITE_P(
    Bodies, ServerName,
    testing::Values(
        // The vendor's literal reply (docs/vendors.md, mServer).
        Case{"vendor",
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mserver>\n  <message>Response from POHODA mServer</message>\n"
             "  <server>http://C0508P:444</server>\n  <status>idle</status>\n  <processing>0</processing>\n</mserver>",
             kUrl,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mserver>\n  <message>Response from POHODA mServer</message>\n"
             "  <server>https://ucto.example.cz</server>\n  <status>idle</status>\n  <processing>0</processing>\n</mserver>"},
        Case{"each", "<m><server>a</server><d><server>b</server></d>c</m>", "u",
             "<m><server>u</server><d><server>u</server></d>c</m>"},
        Case{"of_a_namespace", "<m:m><m:server>a</m:server><server>b</server></m:m>", "u",
             "<m:m><m:server>u</m:server><server>u</server></m:m>"},
        Case{"in_any_case", "<Server>a</Server>", "u", "<Server>u</Server>"},
        Case{"attribute", "<mserver a='<x' server = \"http://C0508P:444\" m:server='x'><b/></mserver>", "u'\"",
             "<mserver a='<x' server = \"u&apos;&quot;\" m:server='u&apos;&quot;'><b/></mserver>"},
        Case{"attribute_without_quotes", "<a server=x b=1/>", "u", "<a server=u b=1/>"},
        Case{"address_of_the_element", "<server url=\"http://C0508P\" n='1'/><server url='http://a>b'>x</server>", "u",
             "<server url=\"u\" n='1'/><server url='u'>u</server>"},
        Case{"tag_in_an_attribute", "<a b='<server>x</server>'><server>b</server></a>", "u",
             "<a b='<server>x</server>'><server>u</server></a>"},
        Case{"not_mserver_or_servers", "<mserver><servers>a</servers><server>b</server></mserver>", kUrl,
             "<mserver><servers>a</servers><server>https://ucto.example.cz</server></mserver>"},
        Case{"comment_is_no_element", "<m><!-- <server>x</server> --><server>b</server></m>", kUrl,
             "<m><!-- <server>x</server> --><server>https://ucto.example.cz</server></m>"},
        Case{"cdata_is_no_element", "<m><![CDATA[<server>x</server>]]><server>b</server></m>", kUrl,
             "<m><![CDATA[<server>x</server>]]><server>https://ucto.example.cz</server></m>"},
        Case{"cdata_as_content", "<server><![CDATA[http://C0508P:444</server>]]></server>", kUrl,
             "<server>https://ucto.example.cz</server>"},
        Case{"attributes_and_blanks", "<server a=\"1\" >x</server >", kUrl, "<server a=\"1\" >https://ucto.example.cz</server >"},
        Case{"empty_text", "<server></server>", kUrl, "<server>https://ucto.example.cz</server>"},
        Case{"other_bytes_stay", "<m><n>\x9Eidle\xFF</n><server>b</server>\xE1</m>", kUrl,
             "<m><n>\x9Eidle\xFF</n><server>https://ucto.example.cz</server>\xE1</m>"},
        Case{"url_is_escaped", "<server>b</server>", "https://a/?x=1&y=<2>\xC3\xA1 ",
             "<server>https://a/?x=1&amp;y=&lt;2&gt;%C3%A1%20</server>"},
        Case{"self_closing", "<m><server/></m>", kUrl, ""}, Case{"self_closing_with_blanks", "<m><server a='' / >x</m>", kUrl, ""},
        Case{"unclosed", "<m><server>http://C0508P<status>idle", "u", "<m><server>u"},
        Case{"unclosed_value", "<m server='http://C0508P", "u", "<m server='u"},
        Case{"breaks_off_behind_equals", "<m server=", kUrl, ""}, Case{"odd_signs", "<m = == / < > \" server>", kUrl, ""},
        Case{"unclosed_tag", "<m><server", kUrl, ""}, Case{"unclosed_comment", "<m><!-- <server>a</server>", kUrl, ""},
        Case{"plain_text", "idle", kUrl, ""}, Case{"nothing", "", kUrl, ""},
        Case{"behind_an_empty_one", "<m><server/><server>http://C0508P</server></m>", kUrl,
             "<m><server/><server>https://ucto.example.cz</server></m>"}),
    [](const auto& test) { return std::string(test.param.what); });

// As `size` bytes a letter, of which `low` is the letter; \xFE for the mark that begins a document.
std::string wide(std::string_view text, std::size_t size, std::size_t low) {
  std::string out;
  for (const char c : text) {
    std::string unit(size, '\0');
    const std::size_t high = low == 0 ? 1 : low - 1;
    unit[low] = c == '\xFE' ? '\xFF' : c;
    if (c == '\xFE') unit[high] = '\xFE';
    if (c == '\xE1') unit[high] = '\x01';
    out += unit;
  }
  return out;
}

TEST(ServerNameInWideLetters, IsReplaced) {
  struct Units {
    std::size_t size, low;
  };
  for (const Units units : {Units{2, 0}, Units{2, 1}, Units{4, 0}, Units{4, 3}})
    for (const std::string_view mark : {"", "\xFE"}) {
      const std::string begin = std::string(mark) + "<?xml version=\"1.0\"?><mserver><message>\xE1</message><server>";
      const std::string end = "</server><name>\xE1</name></mserver>";
      std::string out;
      ASSERT_TRUE(replace_server_name(wide(begin + "http://C0508P:444" + end, units.size, units.low), "https://a&b/", out));
      EXPECT_EQ(out, wide(begin + "https://a&amp;b/" + end, units.size, units.low)) << units.size << units.low << mark.size();
    }
}

TEST(ServerNameInWideLetters, OfAReplyThatBreaksOffIsNone) {
  const std::string_view text = "<m><server>http://C0508P:444</server>";
  const std::string whole = wide(text, 2, 0);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::string out;
    const bool done = replace_server_name(std::string_view(whole).substr(0, size), "https://a", out);
    EXPECT_EQ(done, size >= 2 * text.find("http")) << size;
    EXPECT_EQ(out.find(wide("C0508P", 2, 0)), std::string::npos) << size;
  }
}

TEST(AStatus, IsLookedIntoWhereItIsText) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "idle"sv, "x"sv, "x^ no zlib"sv, "<a>\x9E\xFF</a>\r\n\t"sv, "\xEF\xBB\xBF<a/>"sv, "\xE9te"sv})
    EXPECT_TRUE(can_name_server(text)) << text;
  for (const std::size_t size : {std::size_t{2}, std::size_t{4}})
    for (const std::size_t low : {std::size_t{0}, size - 1}) EXPECT_TRUE(can_name_server(wide("\xFE<a>\xE1</a>", size, low)));
  for (const auto other : {"\x1F\x8B\x08\0\0\0\0\0"sv, "x\x9C\xB3)N-*K-\xB2s"sv, "x^\xB3)N"sv, "h\x81\xB3)N"sv, "idle\x7F"sv,
                           "<a>\0</a>"sv, "\x0b\x02\x80<a>\x03"sv, "\x4C\x6F\xA7\x94\x93"sv, "\x28\xB5\x2F\xFD\x04"sv})
    EXPECT_FALSE(can_name_server(other)) << testing::PrintToString(std::string(other));
}

} // namespace
} // namespace ledgergate::profile
