#include "io/stream.h"

#include "../certificates.h"
#include "../loop_world.h"
#include "io/farewell.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <string>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;
using ledgergate::tests::Watcher;

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextFree>;

Context context(const SSL_METHOD* method, int version) {
  Context made(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(made.get(), version);
  SSL_CTX_set_max_proto_version(made.get(), version);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return made;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 3;
  std::generate(bytes.begin(), bytes.end(), [&state] {
    state = state * 1664525 + 1013904223;
    return static_cast<char>(state >> 24);
  });
  return bytes;
}

// One end: a stream, and what it does when it is turned.
struct End {
  Stream::Ptr stream;
  Watcher watcher;
  std::string seen;
  bool secured = false;
  Step last = Step::blocked;

  void begin(Stream::Ptr its_stream, SSL* ssl) {
    stream = std::move(its_stream);
    stream->attach(&watcher);
    stream->start_tls(ssl);
  }
  void turn(std::size_t room = 16 * 1024) {
    if (last == Step::failed || last == Step::ended) return;
    if (!secured) {
      last = stream->handshake();
      secured = last == Step::done;
    } else {
      while ((last = stream->fill(room)) == Step::done) {
        seen += stream->input();
        stream->consume(stream->input().size());
      }
      stream->flush();
    }
    if (last == Step::blocked) stream->want_input();
  }
};

// Both ends of a TLS connection on one loop. The parameter is the TLS version.
struct StreamTls : ::testing::TestWithParam<int>, LoopWorld {
  StreamTls() {
    loop.set_last_keeper(std::make_unique<Farewells>());
    const ledgergate::tests::Identity identity = ledgergate::tests::make_identity({});
    server = context(TLS_server_method(), GetParam());
    client = context(TLS_client_method(), GetParam());
    SSL_CTX_use_certificate(server.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(server.get(), identity.key.get());
  }
  ~StreamTls() override {
    EXPECT_EQ(ERR_peek_error(), 0U) << "an error was left in the thread's queue: the next SSL_get_error would find it";
  }

  static SSL* side(const Context& its_context, bool accepts) {
    SSL* ssl = SSL_new(its_context.get());
    if (accepts)
      SSL_set_accept_state(ssl);
    else
      SSL_set_connect_state(ssl);
    return ssl;
  }
  void begin(Socket caller_socket, Socket edge_socket) {
    caller.begin(adopt(std::move(caller_socket)), side(client, false));
    edge.begin(adopt(std::move(edge_socket)), side(server, true));
  }
  // The same with the bytes between them in the test's hands, behind the handshake. False: that did not come about.
  bool begin_over(Socket& wire_up, Socket& wire_down) {
    auto caller_side = connected_pair();
    auto edge_side = connected_pair();
    wire_up = std::move(caller_side.second);
    wire_down = std::move(edge_side.second);
    begin(std::move(caller_side.first), std::move(edge_side.first));
    return until([&] {
      turn();
      wire_down.send(wire_up.receive());
      wire_up.send(wire_down.receive());
      return caller.secured && edge.secured;
    });
  }
  void begin() {
    auto ends = connected_pair();
    begin(std::move(ends.first), std::move(ends.second));
  }
  bool secure() {
    return until([&] {
      turn();
      return caller.secured && edge.secured;
    });
  }
  void turn() {
    caller.turn();
    edge.turn();
  }
  static void update_keys(const End& end, int answer) {
    SSL_key_update(end.stream->tls(), answer);
    SSL_do_handshake(end.stream->tls());
  }

  Context server, client;
  End caller, edge;
};

INSTANTIATE_TEST_SUITE_P(Versions, StreamTls, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(StreamTls, CountsWhatOpensslHoldsForIt) {
  begin();
  ASSERT_TRUE(secure());
  edge.stream->rest();
  EXPECT_GE(edge.stream->held(), sizeof(Stream) + 13 * 1024);
  EXPECT_LE(edge.stream->held(), sizeof(Stream) + 14 * 1024) << "a stream that rests has no block of its own";
  ASSERT_TRUE(caller.stream->write("one"));
  ASSERT_EQ(caller.stream->flush(), Step::done);
  edge.stream->want_input();
  ASSERT_TRUE(until([&] { return edge.stream->fill(1) == Step::done; }));
  EXPECT_GT(edge.stream->held(), sizeof(Stream) + 13 * 1024);
  EXPECT_LE(edge.stream->held(), sizeof(Stream) + (13 + 64 + 64) * 1024);
}

TEST_P(StreamTls, BothEndsShakeHandsAndTalk) {
  begin();
  ASSERT_TRUE(secure());
  ASSERT_TRUE(caller.stream->write("GET / HTTP/1.1\r\n"));
  ASSERT_TRUE(caller.stream->write("\r\n"));
  ASSERT_EQ(caller.stream->flush(), Step::done);
  ASSERT_TRUE(until([&] {
    turn();
    return edge.seen == "GET / HTTP/1.1\r\n\r\n";
  }));
}

TEST_P(StreamTls, BigTransfersInBothDirectionsAtOnceArriveWhole) {
  begin();
  ASSERT_TRUE(secure());
  const std::string up = pattern(9'000'001), down = pattern(7'654'321);
  ASSERT_TRUE(caller.stream->write(up));
  ASSERT_TRUE(edge.stream->write(down));
  ASSERT_NE(caller.stream->flush(), Step::failed);
  ASSERT_NE(edge.stream->flush(), Step::failed);
  ASSERT_TRUE(until([&] {
    turn();
    return edge.seen.size() == up.size() && caller.seen.size() == down.size();
  }));
  EXPECT_TRUE(edge.seen == up);
  EXPECT_TRUE(caller.seen == down);
}

TEST_P(StreamTls, ASmallRoomStillYieldsEveryByte) {
  begin();
  ASSERT_TRUE(secure());
  const std::string sent = pattern(100'000);
  ASSERT_TRUE(caller.stream->write(sent));
  caller.stream->flush();
  ASSERT_TRUE(until([&] {
    caller.turn();
    edge.turn(100);
    return edge.seen.size() == sent.size();
  }));
  EXPECT_TRUE(edge.seen == sent);
}

TEST_P(StreamTls, UnreadRecordsPauseTheSender) {
  begin();
  ASSERT_TRUE(secure());
  const std::string block = pattern(1 << 20);
  // Nobody reads at the edge: what it holds stays within the loop's buffer, whatever the caller sends.
  for (int i = 0; i < 32; ++i) {
    ASSERT_TRUE(caller.stream->write(block));
    caller.stream->flush();
    settle(2);
  }
  ASSERT_TRUE(caller.stream->sending()) << "the sender was never held up";
  const std::size_t all = 32 * block.size();
  ASSERT_TRUE(until([&] {
    turn();
    return edge.seen.size() == all;
  }));
  for (std::size_t at = 0; at < all; at += block.size()) ASSERT_TRUE(edge.seen.compare(at, block.size(), block) == 0);
}

TEST_P(StreamTls, CloseNotifyIsACleanEnd) {
  begin();
  ASSERT_TRUE(secure());
  ASSERT_TRUE(caller.stream->write("bye"));
  caller.stream->end_output();
  ASSERT_TRUE(until([&] {
    turn();
    return edge.last == Step::ended;
  }));
  EXPECT_EQ(edge.seen, "bye");
  EXPECT_TRUE(edge.stream->ended_cleanly());
  EXPECT_FALSE(edge.stream->failed());
}

TEST_P(StreamTls, AnEndWithoutCloseNotifyIsATruncation) {
  auto caller_side = connected_pair();
  auto edge_side = connected_pair();
  Socket wire_up = std::move(caller_side.second), wire_down = std::move(edge_side.second);
  begin(std::move(caller_side.first), std::move(edge_side.first));
  const auto carry = [&] {
    turn();
    wire_down.send(wire_up.receive());
    wire_up.send(wire_down.receive());
  };
  ASSERT_TRUE(until([&] {
    carry();
    return caller.secured && edge.secured;
  }));
  ASSERT_TRUE(caller.stream->write("half a mess"));
  caller.stream->flush();
  ASSERT_TRUE(until([&] {
    carry();
    return edge.seen == "half a mess";
  }));
  wire_down.close();
  ASSERT_TRUE(until([&] {
    edge.turn();
    return edge.last == Step::ended || edge.last == Step::failed;
  }));
  EXPECT_FALSE(edge.stream->ended_cleanly());
}

TEST_P(StreamTls, BytesThatArriveOneByOneAreUnderstood) {
  auto caller_side = connected_pair();
  auto edge_side = connected_pair();
  Socket wire_up = std::move(caller_side.second), wire_down = std::move(edge_side.second);
  begin(std::move(caller_side.first), std::move(edge_side.first));
  const std::string sent = "POST /xml HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  std::string up, down;
  bool written = false;
  ASSERT_TRUE(until([&] {
    turn();
    up += wire_up.receive();
    down += wire_down.receive();
    if (!up.empty() && wire_down.send(up.substr(0, 1)) == 1) up.erase(0, 1);
    if (!down.empty() && wire_up.send(down.substr(0, 1)) == 1) down.erase(0, 1);
    if (caller.secured && edge.secured && !written) {
      written = caller.stream->write(sent);
      caller.stream->flush();
    }
    return edge.seen == sent;
  }));
}

TEST_P(StreamTls, BytesThatAreNotTlsFailTheHandshakeWithAReason) {
  auto ends = connected_pair();
  edge.begin(adopt(std::move(ends.first)), side(server, true));
  ASSERT_GT(ends.second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 0U);
  ASSERT_TRUE(until([&] {
    edge.turn();
    return edge.last == Step::failed;
  }));
  EXPECT_EQ(ERR_GET_REASON(edge.stream->tls_error()), SSL_R_HTTP_REQUEST);
  EXPECT_EQ(edge.stream->failure(), UV_EPROTO);
}

TEST_P(StreamTls, ATouchedRecordFailsTheConnection) {
  Socket wire_up, wire_down;
  ASSERT_TRUE(begin_over(wire_up, wire_down));
  ASSERT_TRUE(caller.stream->write("pay 100"));
  ASSERT_EQ(caller.stream->flush(), Step::done);
  std::string record;
  ASSERT_TRUE(until([&] {
    record += wire_up.receive();
    return !record.empty();
  }));
  record.back() = static_cast<char>(record.back() ^ 1);
  wire_down.send(record);
  ASSERT_TRUE(until([&] {
    edge.turn();
    return edge.last == Step::failed;
  }));
  EXPECT_EQ(edge.seen, "");
  EXPECT_FALSE(edge.stream->write("x"));
}

TEST_P(StreamTls, AnAlertBehindBytesThatNobodyTakesIsGivenUp) {
  Socket wire_up, wire_down;
  ASSERT_TRUE(begin_over(wire_up, wire_down));
  ASSERT_TRUE(caller.stream->write(pattern(9'000'001)));
  ASSERT_EQ(caller.stream->flush(), Step::blocked);
  wire_up.send(std::string("\x17\3\3\0\x20", 5) + std::string(32, 'x'));
  ASSERT_TRUE(until([&] {
    caller.turn();
    return caller.last == Step::failed;
  }));
  caller.stream.reset();
  EXPECT_FALSE(loop.last_keeper()->close_all());
}

TEST_P(StreamTls, BytesThatCameBeforeTheHandshakeBeganAreItsFirst) {
  auto ends = connected_pair();
  caller.begin(adopt(std::move(ends.first)), side(client, false));
  caller.turn(); // its hello is on the wire
  Stream::Ptr accepted = adopt(std::move(ends.second));
  ASSERT_TRUE(until([&] { return !accepted->input().empty(); }));
  edge.begin(std::move(accepted), side(server, true));
  EXPECT_TRUE(secure());
}

TEST_P(StreamTls, MayBeReleasedInTheMiddleOfAHandshake) {
  begin();
  caller.turn();
  edge.watcher.then = [&](Stream&) { edge.stream.reset(); };
  ASSERT_TRUE(until([&] { return !edge.stream; }));
  ASSERT_TRUE(until([&] {
    caller.turn();
    return caller.last == Step::ended || caller.last == Step::failed;
  }));
}

// --- records without data cost work and answers (RFC 8446 section 4.6.3): a credit bounds them -----------------------------------

struct StreamTls13 : StreamTls {};
INSTANTIATE_TEST_SUITE_P(KeyUpdates, StreamTls13, ::testing::Values(TLS1_3_VERSION), [](const auto&) { return "Tls13"; });

TEST_P(StreamTls13, AFloodOfKeyUpdatesEndsTheConnection) {
  begin();
  ASSERT_TRUE(secure());
  int updates = 0;
  while (edge.last != Step::failed && updates < 40'000) {
    for (int i = 0; i < 100; ++i, ++updates) update_keys(caller, SSL_KEY_UPDATE_REQUESTED);
    caller.stream->flush();
    edge.turn(); // the caller does not read the answers
    settle(1);
  }
  // The kernel may hold some of them back for a while.
  EXPECT_TRUE(until([&] {
    caller.stream->flush();
    edge.turn();
    return edge.last == Step::failed;
  }));
  EXPECT_GT(updates, 1000) << "a few are nobody's flood";
}

TEST_P(StreamTls13, WhatComesWithTheEndOfAFloodIsNotServed) {
  begin();
  ASSERT_TRUE(secure());
  const auto flood = [this](int updates, const char* word) {
    for (int i = 0; i < updates; ++i) update_keys(caller, SSL_KEY_UPDATE_NOT_REQUESTED);
    ASSERT_TRUE(caller.stream->write(word));
    caller.stream->flush();
  };
  flood(9600, "early"); // 27 bytes each: just within the credit
  ASSERT_TRUE(until([&] {
    caller.stream->flush();
    edge.turn();
    return edge.seen == "early";
  }));
  flood(300, "late");
  EXPECT_TRUE(until([&] {
    edge.turn();
    return edge.last == Step::failed;
  }));
  EXPECT_EQ(edge.seen, "early");
}

TEST_P(StreamTls13, KeyUpdatesAmongDataAreNoFlood) {
  begin();
  ASSERT_TRUE(secure());
  constexpr std::size_t kCount = 20'000;
  for (std::size_t i = 0; i < kCount; ++i) {
    update_keys(caller, SSL_KEY_UPDATE_NOT_REQUESTED);
    ASSERT_TRUE(caller.stream->write("0123456789"));
    if (i % 100 != 0) continue;
    caller.stream->flush();
    turn();
    settle(1);
  }
  caller.stream->flush();
  EXPECT_TRUE(until([&] {
    turn();
    return edge.seen.size() == 10 * kCount || edge.last == Step::failed;
  }));
  EXPECT_EQ(edge.seen.size(), 10 * kCount);
}

TEST_P(StreamTls, TheSmallestRecordsWithDataAreNoFlood) {
  begin();
  ASSERT_TRUE(secure());
  constexpr std::size_t kCount = 50'000;
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(caller.stream->write("x"));
    if (i % 100 != 0) continue;
    caller.stream->flush();
    turn();
    settle(1);
  }
  caller.stream->flush();
  EXPECT_TRUE(until([&] {
    turn();
    return edge.seen.size() == kCount || edge.last == Step::failed;
  }));
  EXPECT_EQ(edge.seen.size(), kCount);
}

} // namespace
} // namespace ledgergate::io::tests
