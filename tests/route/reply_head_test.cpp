#include "route/date.h"
#include "route/reason.h"
#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

using settings::HeaderAction;

TEST(ReplyHead, KeepsTheServersWordsAndItsLength) {
  // The vendor's literal reply with a document (docs/vendors.md, mServer).
  World w;
  w.reply.fields = {{"Date", "Thu, 05 Oct 2017 11:09:47 GMT"},
                    {"Connection", "Keep-Alive"},
                    {"Content-Type", "image/jpeg"},
                    {"Content-Length", "12431"},
                    {"Last-Modified", "Mon, 02 Oct 2017 08:55:23 GMT"},
                    {"Server", "mServer"},
                    {"Set-Cookie", "a=b; domain=192.168.0.10"},
                    {"Set-Cookie", "c=d"}};
  EXPECT_EQ(w.answer(ReplyFraming::length, 12431), "HTTP/1.1 200 OK\r\n"
                                                   "Date: Thu, 05 Oct 2017 11:09:47 GMT\r\n"
                                                   "Content-Type: image/jpeg\r\n"
                                                   "Last-Modified: Mon, 02 Oct 2017 08:55:23 GMT\r\n"
                                                   "Server: mServer\r\n"
                                                   "Set-Cookie: a=b\r\n"
                                                   "Set-Cookie: c=d\r\n"
                                                   "Content-Length: 12431\r\n"
                                                   "X-Request-ID: id-1\r\n"
                                                   "Via: 1.1 ledgergate\r\n"
                                                   "\r\n");
}

TEST(ReplyHead, StatusLineKeepsTheServersReasonOrGetsTheStandardOne) {
  World w;
  w.reply.reason = "V\xF8"
                   "e OK";
  EXPECT_TRUE(w.answer().starts_with("HTTP/1.1 200 V\xF8"
                                     "e OK\r\n"));
  w.reply.reason = {};
  w.reply.status = 504;
  EXPECT_TRUE(w.answer().starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
  w.reply.status = 599;
  EXPECT_TRUE(w.answer().starts_with("HTTP/1.1 599 \r\n"));
}

TEST(ReplyHead, HopByHopFieldsAndThoseConnectionNamesAreDropped) {
  World w;
  w.reply.fields = {{"Connection", "X-Local, close, Content-Length, Set-Cookie"},
                    {"X-Local", "dropped"},
                    {"Keep-Alive", "dropped"},
                    {"Transfer-Encoding", "dropped"},
                    {"Upgrade", "dropped"},
                    {"Trailer", "dropped"},
                    {"Proxy-Authenticate", "dropped"},
                    {"Proxy-Connection", "dropped"},
                    {"X-Request-ID", "dropped"},
                    {"Set-Cookie", "a=b"},
                    {"Content-Length", "5"},
                    {"WWW-Authenticate", "Basic realm=\"x\""}};
  const auto head = w.answer();
  EXPECT_EQ(head.find("dropped"), std::string::npos) << head;
  EXPECT_EQ(values_of(head, "Set-Cookie"), "a=b");
  EXPECT_EQ(values_of(head, "Content-Length"), "5");
  EXPECT_EQ(values_of(head, "WWW-Authenticate"), "Basic realm=\"x\"");
  EXPECT_EQ(values_of(head, "X-Request-ID"), "id-1");
}

struct FramingCase {
  ReplyFraming framing;
  bool keep_alive;
  std::uint8_t caller_minor;
  const char* length;
  const char* coding;
  const char* connection;
};
class ReplyFramings : public testing::TestWithParam<FramingCase> {};
TEST_P(ReplyFramings, AreSaid) {
  const auto& c = GetParam();
  World w;
  w.request.minor = c.caller_minor;
  w.reply.fields = {{"Content-Length", "12"}};
  const auto head = w.answer(c.framing, 34, c.keep_alive);
  EXPECT_EQ(values_of(head, "Content-Length"), c.length);
  EXPECT_EQ(values_of(head, "Transfer-Encoding"), c.coding);
  EXPECT_EQ(values_of(head, "Connection"), c.connection);
}
INSTANTIATE_TEST_SUITE_P(All, ReplyFramings,
                         testing::Values(FramingCase{ReplyFraming::none, true, 1, "12", "", ""},
                                         FramingCase{ReplyFraming::none, false, 1, "12", "", "close"},
                                         FramingCase{ReplyFraming::length, true, 1, "34", "", ""},
                                         FramingCase{ReplyFraming::length, true, 0, "34", "", "keep-alive"},
                                         FramingCase{ReplyFraming::length, false, 0, "34", "", "close"},
                                         FramingCase{ReplyFraming::chunked, true, 1, "", "chunked", ""},
                                         FramingCase{ReplyFraming::until_close, true, 0, "", "", "close"},
                                         FramingCase{ReplyFraming::until_close, false, 1, "", "", "close"}));

TEST(ReplyHead, NoContentHasNoLength) {
  World w;
  w.reply.status = 204;
  w.reply.fields = {{"Content-Length", "0"}};
  EXPECT_EQ(values_of(w.answer(), "Content-Length"), "");
}

TEST(ReplyHead, AMissingDateIsAdded) {
  World w;
  const auto date = values_of(w.answer(), "Date");
  ASSERT_EQ(date.size(), 29U);
  EXPECT_TRUE(date.ends_with(" GMT"));
  w.reply.fields = {{"date", "as it came"}};
  EXPECT_EQ(values_of(w.answer(), "Date"), "");
  EXPECT_EQ(values_of(w.answer(), "date"), "as it came");
}

TEST(ReplyHead, ViaIsExtended) {
  World w;
  w.reply.minor = 0;
  w.reply.fields = {{"Via", "1.1 inner"}};
  EXPECT_EQ(values_of(w.answer(), "Via"), "1.1 inner, 1.0 ledgergate");
}

TEST(ReplyHead, StrictTransportSecurityIsSaidOnTlsOnly) {
  World w;
  w.reply.fields = {{"Strict-Transport-Security", "max-age=1"}};
  EXPECT_EQ(values_of(w.answer(), "Strict-Transport-Security"), "max-age=1");
  w.route.hsts = "max-age=31536000";
  EXPECT_EQ(values_of(w.answer(), "Strict-Transport-Security"), "max-age=31536000");
  w.facts.tls = false;
  EXPECT_EQ(values_of(w.answer(), "Strict-Transport-Security"), "");
}

TEST(ReplyHead, LocationsAreMapped) {
  World w;
  w.reply.status = 302;
  w.reply.fields = {{"location", "http://192.168.0.10:444/a"},
                    {"Content-Location", "http://192.168.0.10:444/b"},
                    {"X-Location", "http://192.168.0.10:444/c"}};
  const auto head = w.answer();
  EXPECT_EQ(values_of(head, "location"), "https://ucto.example.cz/a");
  EXPECT_EQ(values_of(head, "Content-Location"), "https://ucto.example.cz/b");
  EXPECT_EQ(values_of(head, "X-Location"), "http://192.168.0.10:444/c");
}

TEST(ReplyRules, ComeLastAndLeaveFramingAlone) {
  World w;
  w.reply.fields = {{"Server", "mServer"}, {"Content-Length", "5"}, {"X-Powered-By", "x"}};
  w.route.reply_headers = {rule(HeaderAction::remove, "server"),
                           rule(HeaderAction::set, "X-Powered-By", {literal("y\r\nZ: 1")}),
                           rule(HeaderAction::remove, "Content-Length"),
                           rule(HeaderAction::set, "Connection", {literal("upgrade")}),
                           rule(HeaderAction::add, "Cache-Control", {literal("no-store")}),
                           rule(HeaderAction::set, "Date", {literal("never")}),
                           rule(HeaderAction::remove, "Via")};
  const auto head = w.answer();
  EXPECT_EQ(values_of(head, "Server"), "");
  EXPECT_EQ(values_of(head, "X-Powered-By"), "yZ: 1");
  EXPECT_EQ(values_of(head, "Z"), "");
  EXPECT_EQ(values_of(head, "Content-Length"), "5");
  EXPECT_EQ(values_of(head, "Connection"), "");
  EXPECT_EQ(values_of(head, "Cache-Control"), "no-store");
  EXPECT_EQ(values_of(head, "Date"), "never");
  EXPECT_EQ(values_of(head, "Via"), "");
}

TEST(HttpDate, IsWrittenAsRfc9110Does) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
}

} // namespace
} // namespace ledgergate::route
