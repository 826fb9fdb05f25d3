#include "upstream/probe.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <optional>

namespace ledgergate::upstream::tests {
namespace {

using ledgergate::tests::Listening;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

io::Detached call(io::Wake& wake, Resolver& resolver, Pool& pool, const Question& question, io::Stream::Ptr& stream,
                  std::optional<Result<ProbeReply>>& out) {
  auto said = co_await ask(wake, resolver, pool, question, stream);
  out.emplace(std::move(said));
}

io::Detached leave(io::Wake& wake, io::Stream& stream, bool& done) {
  co_await part(wake, stream);
  done = true;
}

struct ProbeTest : ::testing::Test, LoopWorld {
  settings::Server server() const {
    settings::Server made;
    made.host = "127.0.0.1";
    made.port = listening.port();
    return made;
  }
  void begin() {
    question.bytes = "GET /status HTTP/1.1\r\n\r\n";
    pool.emplace(loop, server(), nullptr);
    call(wake, resolver, *pool, question, stream, result);
  }
  // The server's side, once the question has come.
  Socket asked() {
    settle();
    Socket far = listening.accept();
    std::string got;
    EXPECT_TRUE(until([&] {
      got += far.receive();
      return got == question.bytes;
    }));
    return far;
  }
  std::string outcome() {
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return *result ? (*result)->body : std::string(describe(result->error().cause).name);
  }

  Listening listening;
  Resolver resolver{loop};
  io::Wake wake{loop};
  Question question;
  std::optional<Pool> pool;
  io::Stream::Ptr stream;
  std::optional<Result<ProbeReply>> result;
};

TEST_F(ProbeTest, TellsTheWholeReply) {
  begin();
  const Socket far = asked();
  far.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-");
  settle();
  far.send("Length: 4\r\n\r\nbu");
  settle();
  EXPECT_FALSE(result.has_value());
  far.send("sy");
  EXPECT_EQ(outcome(), "busy");
  EXPECT_EQ((*result)->status, 503);
  EXPECT_EQ((*result)->content_type, "text/plain");
  EXPECT_TRUE((*result)->head.starts_with("HTTP/1.1 503 Busy\r\n"));
}

TEST_F(ProbeTest, ReadsChunkedAndEndedByClosing) {
  begin();
  asked().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nid\r\n2\r\nle\r\n0\r\n\r\n");
  EXPECT_EQ(outcome(), "idle");
  result.reset();
  stream.reset();
  begin();
  asked().send("HTTP/1.1 200 OK\r\n\r\nidle");
  EXPECT_EQ(outcome(), "idle");
}

TEST_F(ProbeTest, HalfAReplyIsNone) {
  begin();
  asked().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nid");
  EXPECT_EQ(outcome(), "reply_truncated");
}

TEST_F(ProbeTest, AServerThatClosesIsNamed) {
  begin();
  asked().close();
  EXPECT_EQ(outcome(), "upstream_closed");
}

TEST_F(ProbeTest, AServerThatIsNotThereIsNamed) {
  listening.close();
  begin();
  EXPECT_EQ(outcome(), "connect_refused");
  EXPECT_EQ(stream, nullptr);
}

TEST_F(ProbeTest, NoMoreThan64KiBAreTaken) {
  begin();
  const Socket far = asked();
  far.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  const std::string block(16 * 1024, 'x');
  ASSERT_TRUE(until([&] {
    far.send(block);
    return result.has_value();
  }));
  EXPECT_EQ(outcome(), "reply_unparsable");
}

TEST_F(ProbeTest, PatienceIsForAllOfIt) {
  question.patience = 50;
  begin();
  const Socket far = asked();
  far.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nid");
  EXPECT_EQ(outcome(), "reply_timeout");
}

TEST_F(ProbeTest, PartsOnceTheServerHasEndedItsSideToo) {
  begin();
  Socket far = asked();
  far.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nidle");
  outcome();
  bool parted = false;
  leave(wake, *stream, parted);
  bool end = false;
  ASSERT_TRUE(until([&] {
    far.receive(&end);
    return end;
  })) << "our FIN";
  settle();
  EXPECT_FALSE(parted);
  far.send("something nobody asked for");
  far.close();
  EXPECT_TRUE(until([&] { return parted; }));
}

} // namespace
} // namespace ledgergate::upstream::tests
