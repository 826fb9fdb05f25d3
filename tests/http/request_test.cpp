#include "heads.h"

#include <gtest/gtest.h>

namespace ledgergate::http::tests {
namespace {

RequestHead parsed(const std::string& bytes) {
  RequestHead head;
  const Outcome outcome = read_request(bytes, head);
  EXPECT_TRUE(outcome.parsed) << outcome << " in: " << bytes;
  return head;
}

TEST(Request, RefusalsHaveTheirCause) {
  for (const Refused& refused : refused_requests()) {
    RequestHead head;
    const Outcome outcome = read_request(refused.bytes, head);
    EXPECT_FALSE(outcome.parsed) << refused.bytes;
    EXPECT_FALSE(outcome.detail.empty()) << refused.bytes;
    EXPECT_EQ(describe(outcome.cause).name, describe(refused.cause).name) << outcome.detail << " in: " << refused.bytes;
  }
}

TEST(Request, VendorHeadsParse) {
  for (const std::string& bytes : vendor_requests()) {
    const RequestHead head = parsed(bytes);
    EXPECT_TRUE(head.has_host);
    EXPECT_NE(head.method, Method::other);
  }
}

TEST(Request, OddButRightHeadsParse) {
  for (const std::string& bytes : odd_requests()) parsed(bytes);
}

TEST(Request, ApiComPremsPrintedHeadLacksItsHost) {
  // Premier's manual prints it without; no client of HTTP/1.1 sends it so, and it is refused (RFC 9112 section 3.2).
  RequestHead head;
  const Outcome outcome = read_request("POST /api/comm HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\n"
                                       "ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\nContent-Length: 2\r\n\r\n",
                                       head);
  EXPECT_EQ(outcome.cause, Cause::bad_host);
}

TEST(Request, MServersClientIsReadByteForByte) {
  const std::string bytes = vendor_requests().front();
  RequestHead head;
  ASSERT_TRUE(read_request(bytes, head).parsed);
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.target, "http://localhost:444/xml");
  EXPECT_EQ(head.minor, 1);
  ASSERT_EQ(head.fields.size(), 8U);
  EXPECT_EQ(head.fields[0].name, "User-Agent");
  EXPECT_EQ(head.fields[0].value, "User-Agent: STORMWARE HTTP client. http://www.stormware.cz");
  EXPECT_EQ(head.host, "http://localhost:444");
  EXPECT_EQ(head.body.kind, BodyKind::length);
  EXPECT_EQ(head.body.length, 527U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.connection_close);
}

TEST(Request, ViewsPointIntoTheHead) {
  const std::string bytes = with("X:  a b \t");
  RequestHead head;
  ASSERT_TRUE(read_request(bytes, head).parsed);
  for (const Field& field : head.fields) {
    EXPECT_GE(field.name.data(), bytes.data());
    EXPECT_LE(field.value.data() + field.value.size(), bytes.data() + bytes.size());
  }
  EXPECT_EQ(head.fields[1].value, "a b");
}

TEST(Request, HighBytesOfAValueStayAsTheyCame) {
  const std::string bytes = with("STW-Instance: Export adres\xE1\xF8"
                                 "e");
  RequestHead head;
  ASSERT_TRUE(read_request(bytes, head).parsed);
  EXPECT_EQ(head.fields[1].value, "Export adres\xE1\xF8"
                                  "e");
}

TEST(Request, RawBytesOfATargetAreReadWithAnyMethod) {
  for (const char* method : {"GET", "POST", "PATCH", "PROPFIND"}) {
    const std::string target = "/\xC1\xE0\x80\xFF?\xD0\x91=\\";
    const std::string bytes = line(std::string(method) + " " + target + " HTTP/1.1");
    RequestHead head;
    ASSERT_TRUE(read_request(bytes, head).parsed) << method;
    EXPECT_EQ(head.target, target);
    EXPECT_EQ(head.method_text, method);
    ASSERT_FALSE(head.fields.empty());
  }
}

TEST(Request, MethodsAreTokensAndKnowCase) {
  const std::vector<std::pair<std::string, Method>> cases = {
      {"GET", Method::get},         {"HEAD", Method::head},
      {"POST", Method::post},       {"PUT", Method::put},
      {"DELETE", Method::delete_},  {"OPTIONS", Method::options},
      {"PATCH", Method::patch},     {"PROPFIND", Method::other},
      {"MERGE", Method::other},     {"get", Method::other},
      {"GETS", Method::other},      {"SOURCE", Method::other},
      {"A!#$%&'*+", Method::other}, {std::string(32, 'A'), Method::other},
  };
  for (const auto& [text, method] : cases) {
    const std::string bytes = line(text + " / HTTP/1.1");
    RequestHead head;
    ASSERT_TRUE(read_request(bytes, head).parsed) << text;
    EXPECT_EQ(head.method, method) << text;
    EXPECT_EQ(head.method_text, text);
  }
}

struct Connection {
  std::string head;
  bool keep_alive;
};

TEST(Request, PersistenceFollowsVersionAndConnection) {
  const std::vector<Connection> cases = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE ,y\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const Connection& wanted : cases) {
    RequestHead head;
    ASSERT_TRUE(read_request(wanted.head, head).parsed) << wanted.head;
    EXPECT_EQ(head.keep_alive, wanted.keep_alive) << wanted.head;
    EXPECT_EQ(head.connection_close, !wanted.keep_alive) << wanted.head;
  }
}

TEST(Request, BodiesAreDelimitedByWhatTheFieldsSay) {
  EXPECT_EQ(parsed(with("X: a")).body.kind, BodyKind::none);
  EXPECT_EQ(parsed(post("Transfer-Encoding: chunked")).body.kind, BodyKind::chunked);
  EXPECT_EQ(parsed(post("transfer-encoding:CHUNKED")).body.kind, BodyKind::chunked);
  const RequestHead empty = parsed(post("Content-Length: 0"));
  EXPECT_EQ(empty.body.kind, BodyKind::length);
  EXPECT_EQ(empty.body.length, 0U);
  EXPECT_EQ(parsed(post("Content-Length: 9223372036854775807")).body.length, 9223372036854775807U);
}

TEST(Request, ExpectationsAreForNewClientsWithABody) {
  EXPECT_TRUE(parsed(post("Content-Length: 5\r\nExpect: 100-continue")).expect_continue);
  EXPECT_TRUE(parsed(post("Transfer-Encoding: chunked\r\nExpect: 100-CONTINUE")).expect_continue);
  EXPECT_FALSE(parsed(post("Content-Length: 0\r\nExpect: 100-continue")).expect_continue);
  EXPECT_FALSE(parsed(with("Expect: 100-continue")).expect_continue);
  EXPECT_FALSE(parsed("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").expect_continue);
  EXPECT_FALSE(parsed("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: cookies\r\n\r\n").expect_continue);
}

TEST(Request, OldClientsMayOmitTheirHost) {
  const RequestHead head = parsed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(head.has_host);
  EXPECT_EQ(head.minor, 0);
}

TEST(Request, UnscannedBytesAreRefusedNotTrusted) {
  for (const std::string& bytes : {""s, "GET"s, "GET /"s, "GET / HTTP/1.1"s, "GET / HTTP/1.1\r\n"s, "GET / HTTP/1.1\r\nHost"s,
                                   "GET / HTTP/1.1\r\nHost\r\n\r\n"s, "GET / HTTP/1.1\r\nHost: a\r\n\r\nX"s,
                                   "GET  HTTP/1.1\r\n\r\n"s, "GET / HTTP/9.9\r\n\r\n"s}) {
    RequestHead head;
    EXPECT_FALSE(parse_request(bytes, head).ok()) << bytes;
  }
}

// Heads that our own half doesn't object to when it is called alone: the scanner is missing here, so llhttp must.
TEST(Request, TheSecondReaderIsReallyAsked) {
  for (const std::string& bytes : {with("X(: a"), with("X: a\x01"), line("GET /\x01 HTTP/1.1")}) {
    RequestHead head;
    const Result<void> outcome = parse_request(bytes, head);
    ASSERT_FALSE(outcome.ok()) << bytes;
    EXPECT_EQ(outcome.error().detail, "two readers disagree") << bytes;
  }
}

} // namespace
} // namespace ledgergate::http::tests
