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
        Case{"only_the_first", "<m><server>a</server><server>b</server></m>", kUrl,
             "<m><server>https://ucto.example.cz</server><server>b</server></m>"},
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
        Case{"self_closing", "<m><server/></m>", kUrl, ""}, Case{"unclosed", "<m><server>http://C0508P", kUrl, ""},
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
  std::string out;
  const std::string whole = wide("<m><server>http://C0508P:444</server>", 2, 0);
  for (std::size_t size = 0; size + 2 < whole.size(); ++size)
    EXPECT_FALSE(replace_server_name(std::string_view(whole).substr(0, size), "https://a", out)) << size;
}

} // namespace
} // namespace ledgergate::profile
