#include "http/reply_reader.h"

#include <gtest/gtest.h>

namespace ledgergate::http {
namespace {

using State = ReplyReader::State;

// The same outcome for every way of splitting the bytes; `rest` is what was not taken.
State read(std::string_view wire, std::size_t piece, std::string* kept, std::string& rest, Method to = Method::get) {
  ReplyReader reader(to, 4096);
  std::string input;
  State state = State::more;
  for (std::size_t at = 0; at < wire.size() && state == State::more; at += piece) {
    input += wire.substr(at, piece);
    std::size_t used = 0;
    state = reader.take(input, used, kept);
    input.erase(0, used);
  }
  rest = input;
  return state;
}

struct Case {
  std::string_view wire, body;
  State state;
};

constexpr Case kCases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nidle", "idle", State::done},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", State::done},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", State::done},
    {"HTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", State::done},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd", State::done},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", "", State::failed},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nid", "id", State::more},
    {"HTTP/1.1 200 OK\r\nContent-Le", "", State::more},
    {"HTTP/1.1 200 OK\r\n\r\nidle", "idle", State::more},
    {"HTTP/1.1 101 Switching\r\n\r\n", "", State::failed},
    {"garbage\r\n\r\n", "", State::failed},
};

TEST(ReplyReader, SaysWhenAReplyIsComplete) {
  for (const auto& each : kCases)
    for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
      std::string kept, rest;
      EXPECT_EQ(read(each.wire, piece, &kept, rest), each.state) << each.wire << " by " << piece;
      EXPECT_EQ(kept, each.body) << each.wire << " by " << piece;
    }
}

TEST(ReplyReader, LeavesWhatComesBehindTheReply) {
  std::string rest;
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200", 1000, nullptr, rest), State::done);
  EXPECT_EQ(rest, "HTTP/1.1 200");
}

TEST(ReplyReader, AReplyToHeadHasNoBody) {
  std::string rest;
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1000, nullptr, rest, Method::head), State::done);
}

TEST(ReplyReader, AnEndCompletesOnlyAReplyWithoutALength) {
  for (const bool length : {false, true}) {
    ReplyReader reader(Method::get, 4096);
    std::size_t used = 0;
    EXPECT_FALSE(reader.may_end(true)) << "not inside the head";
    reader.take(length ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n", used, nullptr);
    EXPECT_EQ(reader.may_end(true), !length);
    EXPECT_FALSE(reader.may_end(false)) << "TLS without close_notify";
  }
}

TEST(ReplyReader, GoesOnInTheMiddleOfABody) {
  ReplyBody body({BodyKind::length, 4});
  std::string_view bytes;
  std::size_t used = 0;
  body.next("id", bytes, used);
  ReplyReader reader(body);
  EXPECT_EQ(reader.take("l", used, nullptr), State::more);
  EXPECT_EQ(reader.take("e", used, nullptr), State::done);
}

TEST(ReplyReader, InterimRepliesAreBounded) {
  std::string wire, rest;
  for (int i = 0; i < 20; ++i) wire += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(read(wire, 1000, nullptr, rest), State::failed);
}

} // namespace
} // namespace ledgergate::http
