#include "io/farewell.h"

#include "../loop_world.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

// A handshake message that there is none of.
const std::string kNoTls("\x16\3\3\0\4c\0\0\0", 9);
constexpr std::size_t kAlertSize = 7; // a record of one, before there are keys

struct FarewellTest : ::testing::Test, LoopWorld {
  FarewellTest() : context(SSL_CTX_new(TLS_method()), SSL_CTX_free) { loop.set_last_keeper(std::make_unique<Farewells>()); }

  // A connection over which somebody who speaks no TLS was met; its far end stays here.
  Stream::Ptr broken(bool as_client = true) {
    auto ends = connected_pair();
    far.push_back(std::move(ends.second));
    Stream::Ptr stream = adopt(std::move(ends.first));
    SSL* const ssl = SSL_new(context.get());
    as_client ? SSL_set_connect_state(ssl) : SSL_set_accept_state(ssl);
    stream->start_tls(ssl);
    far.back().send(kNoTls);
    Step step = Step::blocked;
    until([&] {
      step = stream->handshake();
      stream->want_input();
      return step == Step::failed;
    });
    EXPECT_TRUE(stream->broken_in_tls());
    return stream;
  }
  // What was said to it, when the edge has ended its side.
  std::string last_words(const Socket& socket) {
    bool end = false;
    std::string heard;
    EXPECT_TRUE(until([&] {
      heard += socket.receive(&end);
      return end || socket.read_error() == ECONNRESET;
    }));
    EXPECT_TRUE(end) << "a reset";
    return heard;
  }
  // Who sends to a connection that is no more is told so.
  static bool gone(const Socket& socket) {
    return ::send(socket.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN;
  }
  bool closed(const Socket& socket) {
    return until([&] { return gone(socket); });
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context;
  std::vector<Socket> far;
};

TEST_F(FarewellTest, WhatTheServerStillSendsIsDiscardedUntilItEnds) {
  broken().reset();
  const std::string more(3'000'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sent += far[0].send(std::string_view(more).substr(sent));
    return sent == more.size();
  }));
  const std::string heard = last_words(far[0]);
  ASSERT_GE(heard.size(), kAlertSize);
  EXPECT_EQ(heard[heard.size() - kAlertSize], '\x15') << "no alert";
  EXPECT_EQ(heard[heard.size() - 2], '\2') << "not a fatal one";
  ::shutdown(far[0].get(), SHUT_WR);
  settle();
  EXPECT_FALSE(loop.last_keeper()->close_all());
}

TEST_F(FarewellTest, AResetDestroysNoAlert) {
  const Stream::Ptr stream = broken();
  stream->reset();
  EXPECT_TRUE(stream->failed());
  settle();
  EXPECT_EQ(far[0].read_error(), 0);
}

TEST_F(FarewellTest, AServerThatDoesNotEndIsLeftAfterAWhile) {
  broken().reset();
  settle();
  EXPECT_FALSE(gone(far[0]));
  EXPECT_TRUE(closed(far[0]));
}

TEST_F(FarewellTest, AServerThatSendsWithoutEndIsLeft) {
  broken().reset();
  const std::string more(1'000'000, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sent += far[0].send(more);
    return gone(far[0]);
  }));
  EXPECT_LT(sent, 2 * kFarewellBytes);
}

TEST_F(FarewellTest, TheOldestGivesWay) {
  for (std::size_t i = 0; i < kFarewells; ++i) broken().reset();
  settle();
  for (const Socket& each : far) EXPECT_FALSE(gone(each));
  broken().reset();
  EXPECT_TRUE(closed(far[0]));
  EXPECT_FALSE(gone(far[1]));
}

TEST_F(FarewellTest, NoneKeepsTheLoopFromItsEnd) {
  broken().reset();
  Stream::Ptr late = broken();
  loop.stop();
  late.reset();
  loop.run();
  for (const Socket& each : far) {
    each.send("x"); // answered by a reset where nobody is any more
    EXPECT_TRUE(gone(each));
  }
}

TEST_F(FarewellTest, CallersHaveAStoryForThat) {
  broken(false).reset();
  EXPECT_FALSE(loop.last_keeper()->close_all());
  EXPECT_TRUE(closed(far[0]));
}

} // namespace
} // namespace ledgergate::io::tests
