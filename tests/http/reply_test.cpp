#include "heads.h"

#include <gtest/gtest.h>

namespace ledgergate::http::tests {
namespace {

TEST(Reply, RefusalsHaveTheirCause) {
  for (const Refused& refused : refused_replies()) {
    ReplyHead head;
    const Outcome outcome = read_reply(refused.bytes, head);
    EXPECT_FALSE(outcome.parsed) << refused.bytes;
    EXPECT_EQ(describe(outcome.cause).name, describe(refused.cause).name) << outcome.detail << " in: " << refused.bytes;
  }
}

TEST(Reply, VendorHeadsParse) {
  for (const std::string& bytes : vendor_replies()) {
    ReplyHead head;
    const Outcome outcome = read_reply(bytes, head);
    ASSERT_TRUE(outcome.parsed) << outcome << " in: " << bytes;
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.reason, "OK");
    EXPECT_EQ(head.body.kind, BodyKind::length);
    EXPECT_TRUE(head.keep_alive);
  }
}

TEST(Reply, StatusLinesComeWithAnyReasonOrNone) {
  struct Line {
    std::string text;
    std::uint16_t status;
    std::string reason;
  };
  const std::vector<Line> cases = {
      {"HTTP/1.1 200", 200, ""},
      {"HTTP/1.1 200 ", 200, ""},
      {"HTTP/1.0 404 Not Found", 404, "Not Found"},
      {"HTTP/1.1 100 Continue", 100, "Continue"},
      {"HTTP/1.1 299 Dob\xF8"
       "e",
       299,
       "Dob\xF8"
       "e"},
      {"HTTP/1.1 500 Po\xC5\xBE"
       "adavek: chyba\t(1)",
       500,
       "Po\xC5\xBE"
       "adavek: chyba\t(1)"},
      {"HTTP/1.1 600 beyond", 600, "beyond"},
      {"HTTP/1.1 999 No", 999, "No"},
  };
  for (const Line& wanted : cases) {
    const std::string bytes = wanted.text + "\r\nContent-Length: 0\r\n\r\n";
    ReplyHead head;
    const Outcome outcome = read_reply(bytes, head);
    ASSERT_TRUE(outcome.parsed) << outcome << " in: " << wanted.text;
    EXPECT_EQ(head.status, wanted.status);
    EXPECT_EQ(head.reason, wanted.reason);
  }
}

struct Body {
  std::string head;
  Method to;
  BodyKind kind;
  std::uint64_t length;
};

TEST(Reply, BodiesAreDelimitedAsTheRfcSays) {
  const std::vector<Body> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::get, BodyKind::length, 5},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::post, BodyKind::length, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::get, BodyKind::chunked, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", Method::get, BodyKind::until_close, 0},
      {"HTTP/1.0 200 OK\r\n\r\n", Method::get, BodyKind::until_close, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head, BodyKind::none, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head, BodyKind::none, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", Method::head, BodyKind::none, 0},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 12431\r\n\r\n", Method::get, BodyKind::none, 0},
      {"HTTP/1.1 204 No Content\r\n\r\n", Method::get, BodyKind::none, 0},
      {"HTTP/1.1 100 Continue\r\n\r\n", Method::post, BodyKind::none, 0},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Method::get, BodyKind::none, 0},
  };
  for (const Body& wanted : cases) {
    ReplyHead head;
    const Outcome outcome = read_reply(wanted.head, head, wanted.to);
    ASSERT_TRUE(outcome.parsed) << outcome << " in: " << wanted.head;
    EXPECT_EQ(head.body.kind, wanted.kind) << wanted.head;
    EXPECT_EQ(head.body.length, wanted.length) << wanted.head;
  }
}

TEST(Reply, TheLengthOfABodyThatIsNotSentStaysAField) {
  const std::string bytes = "HTTP/1.1 304 Not Modified\r\nContent-Length: 12431\r\n\r\n";
  ReplyHead head;
  ASSERT_TRUE(read_reply(bytes, head).parsed);
  ASSERT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.fields[0].value, "12431");
}

TEST(Reply, PersistenceFollowsVersionConnectionAndFraming) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\n\r\n", false},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
  };
  for (const auto& [bytes, keep_alive] : cases) {
    ReplyHead head;
    ASSERT_TRUE(read_reply(bytes, head).parsed) << bytes;
    EXPECT_EQ(head.keep_alive, keep_alive) << bytes;
  }
}

TEST(Reply, UnscannedBytesAreRefusedNotTrusted) {
  for (const std::string& bytes :
       {""s, "HTTP/1.1 200"s, "HTTP/1.1 20\r\n\r\n"s, "HTTP/1.1 200 OK\r\n"s, "HTTP/1.1 200 OK\r\nX\r\n\r\n"s,
        "HTTP/1.1 2\x80"
        "0 OK\r\n\r\n"s,
        "HTTP/1.1 200X\r\n\r\n"s, "HTTP/1.1 010 \r\n\r\n"s}) {
    ReplyHead head;
    EXPECT_FALSE(parse_reply(bytes, Method::get, head).ok()) << bytes;
  }
}

} // namespace
} // namespace ledgergate::http::tests
