#include "upstream/pool.h"

#include "../certificates.h"
#include "../loop_world.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

namespace ledgergate::upstream::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

settings::Server server(std::uint32_t keep_idle, std::chrono::milliseconds idle = std::chrono::hours(1)) {
  settings::Server made;
  made.name = "pohoda";
  made.keep_idle = keep_idle;
  made.timeouts.idle = idle;
  return made;
}

struct PoolTest : ::testing::Test, LoopWorld {
  // A connection as a story gives it back; its far end stays here.
  io::Stream* put(Pool& pool, io::TimeMs by = io::kNever) {
    auto ends = connected_pair();
    far.push_back(std::move(ends.second));
    io::Stream::Ptr stream = adopt(std::move(ends.first));
    io::Stream* raw = stream.get();
    pool.put(std::move(stream), by);
    return raw;
  }
  bool closed(const Socket& socket) {
    return until([&] {
      bool end = false;
      socket.receive(&end);
      return end;
    });
  }

  std::vector<Socket> far;
};

TEST_F(PoolTest, AnEmptyOneHasNothing) {
  Pool pool(loop, server(4), nullptr);
  EXPECT_FALSE(pool.take());
}

TEST_F(PoolTest, GivesTheOneUsedLastFirst) {
  Pool pool(loop, server(4), nullptr);
  const auto* first = put(pool);
  const auto* second = put(pool);
  const io::Stream::Ptr one = pool.take();
  const io::Stream::Ptr other = pool.take();
  EXPECT_EQ(one.get(), second);
  EXPECT_EQ(other.get(), first);
  EXPECT_FALSE(pool.take());
}

TEST_F(PoolTest, KeepsNoMoreThanItMay) {
  Pool pool(loop, server(2), nullptr);
  for (int i = 0; i < 3; ++i) put(pool);
  EXPECT_EQ(pool.idle(), 2U);
  EXPECT_TRUE(closed(far[2])) << "the one there was no room for";
}

TEST_F(PoolTest, KeepsNoneWhenItMayKeepNone) {
  Pool pool(loop, server(0), nullptr);
  put(pool);
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_TRUE(closed(far[0]));
}

TEST_F(PoolTest, DropsOneThatItsServerCloses) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  put(pool);
  far[0].close();
  ASSERT_TRUE(until([&] { return pool.idle() == 1; }));
  EXPECT_TRUE(pool.take());
  EXPECT_FALSE(pool.take());
}

TEST_F(PoolTest, DropsOneThatItsServerResets) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  far[0].reset();
  EXPECT_TRUE(until([&] { return pool.idle() == 0; }));
}

TEST_F(PoolTest, DropsOneAtTheTimeThatItsServerHasSaid) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  const auto* lasting = put(pool);
  put(pool, loop.now() + 20);
  put(pool, loop.now() + 10);
  EXPECT_EQ(pool.idle(), 4U);
  ASSERT_TRUE(until([&] { return pool.idle() == 2; }));
  EXPECT_TRUE(closed(far[2]) && closed(far[3]));
  const io::Stream::Ptr newest = pool.take();
  EXPECT_EQ(newest.get(), lasting) << "the one used last of those that last";
}

TEST_F(PoolTest, KeepsNoneWhoseTimeIsOver) {
  Pool pool(loop, server(4), nullptr);
  put(pool, loop.now());
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_TRUE(closed(far[0]));
}

TEST_F(PoolTest, TheSettingsTimeHoldsWhereItIsShorter) {
  Pool pool(loop, server(4, std::chrono::milliseconds(1)), nullptr);
  put(pool, loop.now() + 3'600'000);
  EXPECT_TRUE(until([&] { return pool.idle() == 0; }));
}

// Bytes nobody asked for would be taken for the next request's reply.
TEST_F(PoolTest, DropsOneWhoseServerSaysSomethingUnasked) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  far[0].send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  ASSERT_TRUE(until([&] { return pool.idle() == 0; }));
  EXPECT_FALSE(pool.take());
}

TEST_F(PoolTest, TakesNoneBackThatHasUnreadBytes) {
  Pool pool(loop, server(4), nullptr);
  auto ends = connected_pair();
  io::Stream::Ptr stream = adopt(std::move(ends.first));
  ends.second.send("surplus");
  ASSERT_TRUE(until([&] { return !stream->input().empty(); }));
  pool.put(std::move(stream));
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(PoolTest, TakesNoneBackThatHasEnded) {
  Pool pool(loop, server(4), nullptr);
  auto ends = connected_pair();
  io::Stream::Ptr stream = adopt(std::move(ends.first));
  ends.second.close();
  ASSERT_TRUE(until([&] { return stream->gone(); }));
  pool.put(std::move(stream));
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(PoolTest, ClosesThoseThatWaitedTooLong) {
  Pool pool(loop, server(4, std::chrono::milliseconds(20)), nullptr);
  put(pool);
  put(pool);
  ASSERT_TRUE(until([&] { return pool.idle() == 0; }));
  EXPECT_TRUE(closed(far[0]));
  EXPECT_TRUE(closed(far[1]));
  put(pool); // and again, with a timer that was spent
  EXPECT_TRUE(until([&] { return pool.idle() == 0; }));
}

TEST_F(PoolTest, ATakenOneIsNotClosedWhenItsTimeWouldHaveCome) {
  Pool pool(loop, server(4, std::chrono::milliseconds(20)), nullptr);
  put(pool);
  const io::Stream::Ptr taken = pool.take();
  put(pool);
  ASSERT_TRUE(until([&] { return pool.idle() == 0; }));
  EXPECT_FALSE(taken->gone());
  EXPECT_EQ(far[0].read_error(), EAGAIN);
}

// --- one that comes back and is wanted again before the loop has looked at its socket -------------------------------------------

// A body behind a reply that has none would be the next caller's answer.
TEST_F(PoolTest, OneThatJustCameBackIsNotGivenWhenItsServerHasMoreToSay) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  ASSERT_EQ(far[0].send("surplus"), 7U);
  EXPECT_FALSE(pool.take());
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(PoolTest, NorWhenItsServerHasClosedIt) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  far[0].close();
  EXPECT_FALSE(pool.take());
}

TEST_F(PoolTest, OneThatJustCameBackAndIsSilentIsGiven) {
  Pool pool(loop, server(4), nullptr);
  const auto* only = put(pool);
  const io::Stream::Ptr taken = pool.take();
  EXPECT_EQ(taken.get(), only);
}

TEST_F(PoolTest, OneThatHasBeenLookedAtIsBetterThanOneThatJustCameBack) {
  Pool pool(loop, server(4), nullptr);
  put(pool);
  const auto* looked_at = put(pool);
  settle();
  const auto* just_back = put(pool);
  const io::Stream::Ptr one = pool.take();
  const io::Stream::Ptr other = pool.take();
  EXPECT_EQ(one.get(), looked_at);
  EXPECT_NE(other.get(), just_back);
  EXPECT_EQ(pool.take().get(), just_back);
}

// --- TLS ------------------------------------------------------------------------------------------------------------------------

// A stream that is a TLS client of an SSL whose socket is in the test's hands.
struct TlsPoolTest : PoolTest {
  TlsPoolTest() {
    const auto identity = ledgergate::tests::make_identity({});
    server_context = SSL_CTX_new(TLS_server_method());
    client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_use_certificate(server_context, identity.certificate.get());
    SSL_CTX_use_PrivateKey(server_context, identity.key.get());
    auto ends = connected_pair();
    stream = adopt(std::move(ends.first));
    socket = std::move(ends.second);
    peer = SSL_new(server_context);
    SSL_set_accept_state(peer);
    SSL_set_bio(peer, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL* mine = SSL_new(client_context);
    SSL_set_connect_state(mine);
    stream->start_tls(mine);
  }
  ~TlsPoolTest() override {
    SSL_free(peer);
    SSL_CTX_free(server_context);
    SSL_CTX_free(client_context);
  }
  // All records that the peer has to send, not yet sent.
  std::string records() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(peer), &data);
    std::string all(data, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(peer));
    return all;
  }
  bool secure() {
    io::Step step = io::Step::blocked;
    return until([&] {
      if (step != io::Step::done) step = stream->handshake();
      if (step == io::Step::blocked) stream->want_input();
      const std::string in = socket.receive();
      BIO_write(SSL_get_rbio(peer), in.data(), static_cast<int>(in.size()));
      const int result = SSL_do_handshake(peer);
      if (result != 1 || step != io::Step::done) socket.send(records());
      return result == 1 && step == io::Step::done;
    });
  }
  std::string say(std::string_view text) {
    SSL_write(peer, text.data(), static_cast<int>(text.size()));
    return records();
  }

  SSL_CTX *server_context = nullptr, *client_context = nullptr;
  SSL* peer = nullptr;
  Socket socket;
  io::Stream::Ptr stream;
};

TEST_F(TlsPoolTest, ASessionTicketIsNoMessage) {
  Pool pool(loop, server(4), nullptr);
  ASSERT_TRUE(secure());
  const std::string tickets = records();
  ASSERT_FALSE(tickets.empty());
  pool.put(std::move(stream));
  ASSERT_EQ(pool.idle(), 1U);
  socket.send(tickets);
  settle();
  EXPECT_EQ(pool.idle(), 1U);
}

TEST_F(TlsPoolTest, DropsOneWhoseServerSaysSomethingUnasked) {
  Pool pool(loop, server(4), nullptr);
  ASSERT_TRUE(secure());
  pool.put(std::move(stream));
  socket.send(say("surplus"));
  EXPECT_TRUE(until([&] { return pool.idle() == 0; }));
}

// The bytes arrived together with the reply, and were not decrypted with it: the window looks empty, but is not all there is.
TEST_F(TlsPoolTest, TakesNoneBackThatHasBytesNotYetDecrypted) {
  Pool pool(loop, server(4), nullptr);
  ASSERT_TRUE(secure());
  const std::string tickets = records();
  const std::string reply_record = say("reply");
  socket.send(tickets + reply_record + say("surplus"));
  std::string reply;
  ASSERT_TRUE(until([&] {
    stream->want_input();
    if (stream->fill(5) == io::Step::done) reply = stream->input();
    return !reply.empty();
  }));
  stream->consume(stream->input().size());
  ASSERT_EQ(reply, "reply") << "the test means to leave the rest undecrypted";
  pool.put(std::move(stream));
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_FALSE(pool.take());
}

struct ReliefTest : PoolTest {
  static io::Detached ask(Relief& relief, io::Wake& wake, bool& answered) {
    co_await relief.others_close_idle(wake);
    answered = true;
  }

  std::vector<Relief*> all;
  Relief relief{loop, all};
};

TEST_F(ReliefTest, ClosesWhatIdlesInEveryPool) {
  Pool one(loop, server(4), nullptr, &relief);
  Pool other(loop, server(4), nullptr, &relief);
  put(one);
  put(other);
  EXPECT_TRUE(relief.close_idle());
  EXPECT_EQ(one.idle() + other.idle(), 0U);
  EXPECT_TRUE(closed(far[0]));
  EXPECT_TRUE(closed(far[1]));
  EXPECT_FALSE(relief.close_idle()) << "there is nothing left";
}

TEST_F(ReliefTest, ForgetsAPoolThatIsGone) {
  { Pool gone(loop, server(4), nullptr, &relief); }
  EXPECT_FALSE(relief.close_idle());
}

TEST_F(ReliefTest, AsksTheOtherWorkersAndWaitsUntilTheyHaveDoneIt) {
  Relief second(loop, all), third(loop, all);
  Pool mine(loop, server(4), nullptr, &relief);
  Pool theirs(loop, server(4), nullptr, &second);
  Pool others(loop, server(4), nullptr, &third);
  for (Pool* each : {&mine, &theirs, &others}) put(*each);
  io::Wake wake(loop);
  const io::TimeMs deadline = loop.now() + 3'600'000;
  wake.deadline_at(deadline);
  bool answered = false;
  ask(relief, wake, answered);
  EXPECT_FALSE(answered);
  ASSERT_TRUE(until([&] { return answered; }));
  EXPECT_EQ(theirs.idle() + others.idle(), 0U);
  EXPECT_EQ(mine.idle(), 1U) << "who asks has looked at home before";
  EXPECT_EQ(wake.deadline(), deadline);
}

TEST_F(ReliefTest, SeveralWhoAskAtOnceAreOneQuestion) {
  Relief second(loop, all);
  io::Wake one(loop), two(loop);
  bool answered_one = false, answered_two = false;
  ask(relief, one, answered_one);
  ask(relief, two, answered_two);
  EXPECT_TRUE(until([&] { return answered_one && answered_two; }));
}

TEST_F(ReliefTest, IsAskingUntilAllHaveAnswered) {
  Relief second(loop, all), third(loop, all);
  EXPECT_FALSE(relief.asking());
  relief.ask_others();
  EXPECT_TRUE(relief.asking());
  EXPECT_FALSE(second.asking());
  settle();
  EXPECT_FALSE(relief.asking());
}

TEST_F(ReliefTest, AQuestionWithoutAnAnswerIsAskedAgainAfterASecondAndNotBefore) {
  io::Loop first_silent, other_silent;
  Relief second(loop, all), third(first_silent, all), fourth(other_silent, all);
  Pool theirs(loop, server(4), nullptr, &second);
  const io::TimeMs began = loop.now();
  relief.ask_others();
  put(theirs);
  settle();
  EXPECT_EQ(theirs.idle(), 0U);
  EXPECT_TRUE(relief.asking()) << "one of three has answered";
  put(theirs);
  relief.ask_others();
  settle();
  EXPECT_EQ(theirs.idle(), 1U) << "asked a second time";
  ASSERT_TRUE(until([&] { return !relief.asking(); }));
  EXPECT_GE(loop.now(), began + 1000);
  relief.ask_others();
  EXPECT_TRUE(relief.asking());
  settle();
  EXPECT_EQ(theirs.idle(), 0U);
  // An answer to the first question is none to the second.
  const auto wake_up = [&](io::Loop& silent) {
    silent.post([&] { silent.stop(); });
    silent.run();
    settle();
  };
  wake_up(first_silent);
  EXPECT_TRUE(relief.asking());
  wake_up(other_silent);
  EXPECT_FALSE(relief.asking());
}

TEST_F(ReliefTest, AloneThereIsNobodyToWaitFor) {
  io::Wake wake(loop);
  bool answered = false;
  ask(relief, wake, answered);
  EXPECT_TRUE(answered);
}

TEST_F(ReliefTest, AWorkerThatHasEndedIsNotWaitedForLongerThanTheDeadline) {
  io::Loop ended;
  ended.stop();
  ended.run();
  Relief gone(ended, all);
  io::Wake wake(loop);
  wake.deadline_in(5);
  bool answered = false;
  ask(relief, wake, answered);
  EXPECT_FALSE(answered);
  EXPECT_TRUE(until([&] { return answered; }));
}

} // namespace
} // namespace ledgergate::upstream::tests
