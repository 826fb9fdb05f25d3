#include "io/stream.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ledgergate::io::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::Listening;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;
using ledgergate::tests::Watcher;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 7;
  std::generate(bytes.begin(), bytes.end(), [&state] {
    state = state * 1664525 + 1013904223;
    return static_cast<char>(state >> 24);
  });
  return bytes;
}

// One stream on the loop and a raw socket at its other end.
struct StreamTest : ::testing::Test, LoopWorld {
  StreamTest() {
    auto ends = connected_pair();
    far = std::move(ends.second);
    stream = adopt(std::move(ends.first));
    stream->attach(&watcher);
  }
  // What is read here counts as dealt with.
  void take(std::string& into) {
    into += stream->input();
    stream->consume(stream->input().size());
  }

  Watcher watcher;
  Socket far;
  Stream::Ptr stream;
};

TEST_F(StreamTest, BytesThatArriveCanBeReadWhereTheyLanded) {
  ASSERT_EQ(far.send("hello"), 5U);
  std::string seen;
  watcher.then = [&](Stream& woken) {
    EXPECT_EQ(woken.fill(), Step::done);
    seen = woken.input();
  };
  ASSERT_TRUE(until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen, "hello");
  EXPECT_EQ(stream->fill(), Step::blocked) << "the same bytes are not new twice";
}

TEST_F(StreamTest, WhatIsLeftBehindIsKeptWhileOthersRead) {
  auto ends = connected_pair();
  Stream::Ptr other = adopt(std::move(ends.first));
  Watcher drain;
  drain.then = [](Stream& woken) { woken.consume(woken.input().size()); };
  other->attach(&drain);

  ASSERT_EQ(far.send("first second "), 13U);
  ASSERT_TRUE(until([&] { return stream->input().size() == 13; }));
  stream->consume(6);
  // Another stream's bytes land in the loop's shared buffer now.
  ASSERT_GT(ends.second.send(std::string(1000, '#')), 0U);
  ASSERT_TRUE(until([&] { return drain.woke > 0; }));
  EXPECT_EQ(stream->input(), "second ");
  stream->want_input();
  ASSERT_EQ(far.send("third"), 5U);
  ASSERT_TRUE(until([&] { return stream->input().size() == 12; }));
  EXPECT_EQ(stream->input(), "second third");
}

TEST_F(StreamTest, ManyBytesLeftBehindTakeTheLoopsBufferWithThem) {
  const std::string sent = pattern(60'000);
  for (std::size_t at = 0; at < sent.size();) at += far.send(std::string_view(sent).substr(at));
  std::string seen;
  ASSERT_TRUE(until([&] {
    stream->want_input();
    return stream->input().size() == sent.size();
  }));
  auto ends = connected_pair();
  Stream::Ptr other = adopt(std::move(ends.first));
  ASSERT_GT(ends.second.send(std::string(60'000, '#')), 0U);
  ASSERT_TRUE(until([&] { return !other->input().empty(); }));
  EXPECT_EQ(stream->input(), sent);
}

TEST_F(StreamTest, ReadingPausesWhileBytesLieUnread) {
  const std::string sent = pattern(32 << 20);
  std::size_t pushed = 0;
  // The far end sends as long as the kernel takes it: buffers of both kernels' ends fill up, the stream's does not.
  for (int quiet = 0; quiet < 20;) {
    const std::size_t now = far.send(std::string_view(sent).substr(pushed, 1 << 20));
    pushed += now;
    quiet = now == 0 ? quiet + 1 : 0;
    settle(2);
  }
  ASSERT_LT(pushed, sent.size()) << "the sender was never held up";
  EXPECT_LE(stream->input().size(), Loop::kReadSize);

  std::string seen;
  seen.reserve(sent.size());
  ASSERT_TRUE(until([&] {
    take(seen);
    stream->want_input();
    if (pushed < sent.size()) pushed += far.send(std::string_view(sent).substr(pushed, 1 << 20));
    return seen.size() == sent.size();
  }));
  EXPECT_TRUE(seen == sent);
}

TEST_F(StreamTest, WhoRestsReadsNothingAndHoldsNothing) {
  const std::size_t before = stream->held();
  ASSERT_EQ(far.send("hello"), 5U);
  ASSERT_TRUE(until([&] { return stream->input() == "hello"; }));
  EXPECT_GE(stream->held() - before, 5U);
  EXPECT_LE(stream->held() - before, 64U * 1024) << "a block that holds one read";
  stream->consume(5);
  stream->rest();
  EXPECT_EQ(stream->held(), before);
  ASSERT_EQ(far.send("again"), 5U);
  settle();
  EXPECT_TRUE(stream->input().empty()) << "it stays in the kernel";
  EXPECT_EQ(stream->held(), before);
  stream->want_input();
  EXPECT_TRUE(until([&] { return stream->input() == "again"; }));
}

TEST_F(StreamTest, OneReadBringsNoMoreThanItMay) {
  constexpr std::size_t kMost = 4096;
  stream->read_at_most(kMost);
  const std::string sent = pattern(50'000);
  for (std::size_t at = 0; at < sent.size();) at += far.send(std::string_view(sent).substr(at));
  ASSERT_TRUE(until([&] { return stream->input().size() == kMost; }));
  settle();
  EXPECT_EQ(stream->input().size(), kMost) << "what comes ahead of those who wait for it is not taken";
  std::string seen;
  ASSERT_TRUE(until([&] {
    take(seen);
    stream->want_input();
    return seen.size() == sent.size();
  }));
  EXPECT_EQ(seen, sent);
}

TEST_F(StreamTest, WhatThePeerDoesNotTakeIsHeldAndNoMore) {
  const std::size_t before = stream->held();
  const std::string piece = pattern(Loop::kReadSize);
  do {
    ASSERT_TRUE(stream->write(piece));
  } while (stream->flush() == Step::done);
  EXPECT_GT(stream->unsent(), 0U);
  EXPECT_GE(stream->held() - before, stream->unsent());
  EXPECT_LE(stream->held() - before, 64U * 1024) << "a block that holds one read";
}

TEST_F(StreamTest, AWriteThatTheKernelTakesInPartIsCompleted) {
  const std::string sent = pattern(16 << 20);
  ASSERT_TRUE(stream->write(sent));
  ASSERT_EQ(stream->flush(), Step::blocked);
  EXPECT_TRUE(stream->sending());
  EXPECT_GT(stream->unsent(), 0U);
  ASSERT_TRUE(stream->write("and a bit more")); // while the rest is on its way
  std::string seen;
  ASSERT_TRUE(until([&] {
    seen += far.receive();
    return seen.size() == sent.size() + 14;
  }));
  EXPECT_TRUE(seen == sent + "and a bit more");
  ASSERT_TRUE(until([&] { return !stream->sending(); }));
  EXPECT_EQ(stream->flush(), Step::done);
  EXPECT_EQ(stream->sent(), sent.size() + 14);
  EXPECT_EQ(stream->unsent(), 0U);
  EXPECT_GT(watcher.woke, 0) << "the story is told when its output was taken";
}

TEST_F(StreamTest, TheEndComesBehindWhatIsStillToBeSent) {
  const std::string sent = pattern(16 << 20);
  ASSERT_TRUE(stream->write(sent));
  stream->end_output();
  std::string seen;
  bool end = false;
  ASSERT_TRUE(until([&] {
    seen += far.receive(&end);
    return end;
  }));
  EXPECT_TRUE(seen == sent);
  ASSERT_EQ(far.send("answer"), 6U); // reading goes on
  ASSERT_TRUE(until([&] { return stream->input() == "answer"; }));
}

TEST_F(StreamTest, AnEndOfThePeersSideIsAnEndAfterItsBytes) {
  ASSERT_EQ(far.send("last"), 4U);
  far.close();
  ASSERT_TRUE(until([&] {
    stream->want_input();
    return stream->gone();
  }));
  EXPECT_EQ(stream->input(), "last");
  EXPECT_EQ(stream->fill(), Step::done);
  EXPECT_EQ(stream->fill(), Step::ended);
  EXPECT_TRUE(stream->ended_cleanly());
  EXPECT_FALSE(stream->failed());
}

TEST_F(StreamTest, AResetIsAFailure) {
  far.reset();
  ASSERT_TRUE(until([&] { return stream->failed(); }));
  EXPECT_EQ(stream->fill(), Step::failed);
  EXPECT_EQ(stream->failure(), UV_ECONNRESET);
  EXPECT_FALSE(stream->ended_cleanly());
  EXPECT_FALSE(stream->write("x"));
}

TEST_F(StreamTest, ResettingShowsThePeerABrokenConnection) {
  ASSERT_TRUE(stream->write("half an ans"));
  stream->flush();
  stream->reset();
  EXPECT_TRUE(stream->failed()) << "whoever holds it still must not wait for it";
  static_cast<void>(stream.release()); // it is gone once its handle has closed
  int error = 0;
  ASSERT_TRUE(until([&] {
    char byte = 0;
    const ssize_t got = ::recv(far.get(), &byte, 1, MSG_DONTWAIT);
    error = got < 0 ? errno : 0;
    return got == 0 || error == ECONNRESET;
  }));
  EXPECT_EQ(error, ECONNRESET);
}

TEST_F(StreamTest, ItMayBeReleasedInsideItsOwnCallback) {
  watcher.then = [&](Stream&) { stream.reset(); };
  ASSERT_EQ(far.send("bytes that nobody reads"), 23U);
  ASSERT_TRUE(until([&] { return watcher.woke == 1; }));
  bool end = false;
  ASSERT_TRUE(until([&] {
    far.receive(&end);
    return end || far.read_error() == ECONNRESET;
  }));
  EXPECT_EQ(watcher.woke, 1);
}

TEST_F(StreamTest, ReleasingWithOutputOnItsWayCallsNobodyBack) {
  ASSERT_TRUE(stream->write(pattern(16 << 20)));
  ASSERT_EQ(stream->flush(), Step::blocked);
  stream.reset();
  settle();
  EXPECT_EQ(watcher.woke, 0);
}

TEST_F(StreamTest, GivesItsBuffersBackWhenIdle) {
  ASSERT_EQ(far.send(pattern(3000)), 3000U);
  ASSERT_TRUE(until([&] { return stream->input().size() == 3000; }));
  const std::size_t busy = loop.buffers().bytes_out();
  stream->consume(3000);
  stream->trim();
  EXPECT_LT(loop.buffers().bytes_out(), busy);
}

TEST_F(StreamTest, NamesItsPeer) {
  EXPECT_EQ(stream->peer().ip.text(), "127.0.0.1");
  EXPECT_NE(stream->peer().port, 0);
  EXPECT_NE(stream->local_port(), stream->peer().port);
}

TEST(StreamConnect, ConnectsAndSaysSo) {
  LoopWorld world;
  const Listening listening;
  Watcher watcher;
  Stream::Ptr stream = Stream::connect(world.loop, listening.endpoint());
  stream->attach(&watcher);
  EXPECT_TRUE(stream->connecting());
  ASSERT_TRUE(world.until([&] { return watcher.woke > 0; }));
  EXPECT_FALSE(stream->connecting());
  EXPECT_FALSE(stream->failed());
  Socket far = listening.accept();
  ASSERT_TRUE(stream->write("hi"));
  ASSERT_EQ(stream->flush(), Step::done);
  std::string seen;
  ASSERT_TRUE(world.until([&] {
    seen += far.receive();
    world.settle(1);
    return seen == "hi";
  }));
}

TEST(StreamConnect, ARefusalIsAFailureWithItsReason) {
  LoopWorld world;
  Listening listening;
  const Endpoint nobody = listening.endpoint();
  listening.close();
  Watcher watcher;
  Stream::Ptr stream = Stream::connect(world.loop, nobody);
  stream->attach(&watcher);
  ASSERT_TRUE(world.until([&] { return !stream->connecting(); }));
  EXPECT_EQ(stream->failure(), UV_ECONNREFUSED);
}

TEST(StreamConnect, MayBeReleasedWhileConnecting) {
  LoopWorld world;
  const Listening listening;
  Watcher watcher;
  Stream::Ptr stream = Stream::connect(world.loop, listening.endpoint());
  stream->attach(&watcher);
  stream.reset();
  world.settle();
  EXPECT_EQ(watcher.woke, 0);
}

} // namespace
} // namespace ledgergate::io::tests
