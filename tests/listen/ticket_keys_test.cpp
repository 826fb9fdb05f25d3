#include "listen/ticket_keys.h"

#include "../certificates.h"
#include "handshake.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace ledgergate::listen::tests {
namespace {

struct TicketKeysTest : ::testing::TestWithParam<int> {
  TicketKeysTest() { front = make_front("internet"); }

  std::shared_ptr<const TlsFront> make_front(const std::string& name) {
    settings::Listener listener;
    listener.name = name;
    const auto identity = ledgergate::tests::make_identity({});
    listener.certificates.push_back({directory.write("edge.pem", pem(identity)), directory.write("edge.key", key_pem(identity))});
    CertificateProblems problems;
    return TlsFront::make(listener, keys, problems);
  }
  Session visit(const TlsFront& to) {
    Handshake handshake(to, "localhost", GetParam());
    EXPECT_TRUE(handshake.run());
    EXPECT_FALSE(handshake.resumed());
    return handshake.session();
  }
  bool resumes(const TlsFront& to, const Session& session) {
    Handshake handshake(to, "localhost", GetParam());
    handshake.resume(session.get());
    EXPECT_TRUE(handshake.run()) << "a ticket that can't be opened is a full handshake, not a failure";
    return handshake.resumed();
  }

  ledgergate::tests::Directory directory;
  TicketKeys keys;
  std::shared_ptr<const TlsFront> front;
};

INSTANTIATE_TEST_SUITE_P(Versions, TicketKeysTest, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TicketKeysTest, ATicketResumesItsSession) {
  const Session session = visit(*front);
  EXPECT_TRUE(resumes(*front, session));
}

// Browsers, Java and Go use each ticket of TLS 1.3 once.
TEST_P(TicketKeysTest, AResumedSessionHasAFreshTicket) {
  if (GetParam() != TLS1_3_VERSION) return; // in TLS 1.2 a ticket may be used again
  Session session = visit(*front);
  for (int visits = 0; visits < 5; ++visits) {
    Handshake handshake(*front, "localhost", GetParam());
    handshake.resume(session.get());
    ASSERT_TRUE(handshake.run());
    ASSERT_TRUE(handshake.resumed());
    Session next = handshake.session();
    const unsigned char *before = nullptr, *now = nullptr;
    std::size_t before_size = 0, size = 0;
    SSL_SESSION_get0_ticket(session.get(), &before, &before_size);
    SSL_SESSION_get0_ticket(next.get(), &now, &size);
    ASSERT_NE(size, 0U);
    EXPECT_NE(std::string_view(reinterpret_cast<const char*>(now), size),
              std::string_view(reinterpret_cast<const char*>(before), before_size));
    session = std::move(next);
  }
}

TEST_P(TicketKeysTest, ATicketOutlivesARotation) {
  const Session session = visit(*front);
  keys.rotate();
  EXPECT_TRUE(resumes(*front, session));
}

TEST_P(TicketKeysTest, ATicketIsOpenedAsLongAsItsKeyIsKeptAndNotLonger) {
  const Session session = visit(*front);
  for (std::size_t i = 1; i < TicketKeys::kKeep; ++i) keys.rotate();
  EXPECT_TRUE(resumes(*front, session));
  keys.rotate();
  EXPECT_FALSE(resumes(*front, session));
}

TEST_P(TicketKeysTest, ATicketOutlivesAReload) {
  const Session session = visit(*front);
  const auto reloaded = make_front("internet");
  EXPECT_TRUE(resumes(*reloaded, session));
}

TEST_P(TicketKeysTest, ATicketIsGoodOnItsOwnListenerOnly) {
  const Session session = visit(*front);
  const auto other = make_front("lan");
  EXPECT_FALSE(resumes(*other, session));
}

TEST_P(TicketKeysTest, CallersOfAllWorkersComeAndGoWhileKeysRotate) {
  constexpr int kCallers = 2;
  std::atomic<int> at_work{kCallers};
  const auto caller = [&] {
    Session session;
    for (int visit = 0; visit < 40; ++visit) {
      Handshake handshake(*front, "localhost", GetParam());
      if (session) handshake.resume(session.get());
      EXPECT_TRUE(handshake.run());
      session = handshake.session();
    }
    --at_work;
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) callers.emplace_back(caller);
  while (at_work != 0) {
    keys.rotate();
    std::this_thread::yield();
  }
  for (auto& each : callers) each.join();
  // The last key of all is not turned any more.
  const Session last = visit(*front);
  EXPECT_TRUE(resumes(*front, last));
}

TEST_P(TicketKeysTest, KeysRotateWhenTheirTimeIsOverAndNotBefore) {
  const Session session = visit(*front);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < 2 * TicketKeys::kKeep; ++i) keys.rotate_if_due(start + TicketKeys::kRotateEvery / 2);
  EXPECT_TRUE(resumes(*front, session));
  for (std::size_t i = 0; i < TicketKeys::kKeep; ++i) keys.rotate_if_due(start + 2 * TicketKeys::kRotateEvery);
  EXPECT_FALSE(resumes(*front, session));
}

} // namespace
} // namespace ledgergate::listen::tests
