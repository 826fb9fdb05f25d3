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
        // The literal reply of vendor document 001.
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
        Case{"not_ascii_compatible", std::string_view("<\0s\0e\0r\0v\0e\0r\0>\0a\0<\0/\0s\0e\0r\0v\0e\0r\0>\0", 34), kUrl, ""}),
    [](const auto& test) { return std::string(test.param.what); });

} // namespace
} // namespace ledgergate::profile
