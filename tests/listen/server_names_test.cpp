// Server names with rules of their own for callers' certificates: which rules a handshake is held to, and that no session made
// under some is resumed under others.
#include "listen/tls_front.h"

#include "../certificates.h"
#include "handshake.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Directory;
using ledgergate::tests::Identity;
using ledgergate::tests::make_identity;

struct ServerNames : ::testing::TestWithParam<int> {
  Directory directory;
  TicketKeys keys;
  CertificateProblems problems;
  settings::Listener listener;
  Identity edge = make_identity({});
  Identity branches = make_identity({.common_name = "Branches", .alt_names = "", .ca = true});
  Identity shops = make_identity({.common_name = "Shops", .alt_names = "", .ca = true});
  Identity middle = make_identity({.common_name = "Middle", .alt_names = "", .ca = true}, &branches);
  Identity till = make_identity({.common_name = "till", .alt_names = "DNS:till"}, &branches);
  Identity shop = make_identity({.common_name = "shop", .alt_names = "DNS:shop"}, &shops);
  Identity low = make_identity({.common_name = "low", .alt_names = "DNS:low"}, &middle);

  ServerNames() {
    listener.name = "internet";
    listener.certificates.push_back({directory.write("edge.pem", pem(edge)), directory.write("edge.key", key_pem(edge))});
    listener.callers.ca = {directory.write("branches.pem", pem(branches))};
    settings::CallerCertificates rules = listener.callers;
    rules.required = true;
    listener.names.emplace_back("strict.test", rules);
    rules = listener.callers;
    rules.depth = 0;
    listener.names.emplace_back("near.test", rules);
    rules = {};
    rules.ca = {directory.write("shops.pem", pem(shops))};
    listener.names.emplace_back("shop.test", rules);
    listener.names.emplace_back("*.open.test", settings::CallerCertificates{});
    listener.names.emplace_back("open.test", settings::CallerCertificates{});
    listener.names.emplace_back("like-the-listener.test", listener.callers);
  }
  std::shared_ptr<const TlsFront> front() {
    auto made = TlsFront::make(listener, keys, problems);
    EXPECT_TRUE(made) << (problems.errors.empty() ? "" : problems.errors.front());
    return made;
  }
  // One that shows what the name wants to see.
  std::unique_ptr<Handshake> caller(const TlsFront& to, const std::string& name) {
    auto made = std::make_unique<Handshake>(to, name, GetParam());
    const Identity& own = name == "shop.test" ? shop : till;
    made->show(own.certificate.get(), own.key.get());
    return made;
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, ServerNames, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(ServerNames, EachNameAsksForWhatItsRulesSay) {
  const auto to = front();
  for (const char* name : {"", "other.test", "strict.test", "near.test", "STRICT.test"}) {
    const auto made = caller(*to, name);
    EXPECT_TRUE(made->run()) << name;
    EXPECT_EQ(made->shown(), "till") << name;
  }
  const auto at_shop = caller(*to, "shop.test");
  EXPECT_TRUE(at_shop->run());
  EXPECT_EQ(at_shop->shown(), "shop");
  for (const char* name : {"open.test", "a.open.test"}) {
    const auto unasked = caller(*to, name);
    EXPECT_TRUE(unasked->run()) << name;
    EXPECT_EQ(unasked->shown(), "") << name;
  }
}

TEST_P(ServerNames, ANameThatRequiresOneIsClosedWithout) {
  const auto to = front();
  Handshake bare(*to, "strict.test", GetParam());
  EXPECT_FALSE(bare.run());
  Handshake with_dot(*to, "strict.test.", GetParam());
  EXPECT_FALSE(with_dot.run()) << "a trailing dot is read alike in Host";
  Handshake elsewhere(*to, "", GetParam());
  EXPECT_TRUE(elsewhere.run()) << "the listener's own rules ask only";
}

TEST_P(ServerNames, TheCasOfOneNameAreNotBelievedAtAnother) {
  const auto to = front();
  for (const char* name : {"shop.test", "strict.test"}) {
    Handshake wrong(*to, name, GetParam());
    const Identity& own = std::string(name) == "shop.test" ? till : shop;
    wrong.show(own.certificate.get(), own.key.get());
    EXPECT_FALSE(wrong.run()) << name;
  }
}

TEST_P(ServerNames, EachNameHasItsOwnDepth) {
  const auto to = front();
  for (const char* name : {"strict.test", "near.test"}) {
    Handshake far(*to, name, GetParam());
    far.show(low.certificate.get(), low.key.get(), middle.certificate.get());
    EXPECT_EQ(far.run(), std::string(name) == "strict.test") << name;
  }
}

TEST_P(ServerNames, ACaBelowARootIsBelievedWithoutTheRootsOthers) {
  listener.names.front().second.ca = {directory.write("middle.pem", pem(middle))};
  const auto to = front();
  for (const bool with_chain : {false, true}) {
    Handshake below(*to, "strict.test", GetParam());
    below.show(low.certificate.get(), low.key.get(), with_chain ? middle.certificate.get() : nullptr);
    EXPECT_TRUE(below.run());
  }
  Handshake beside(*to, "strict.test", GetParam());
  beside.show(till.certificate.get(), till.key.get(), branches.certificate.get());
  EXPECT_FALSE(beside.run());
}

// A mistake in a name leaves the door that was meant to the listener's rules.
TEST_P(ServerNames, ANameThatNoCertificateIsForIsTold) {
  const Identity made = make_identity({.alt_names = "DNS:one.test,DNS:*.two.test,DNS:a.three.test"});
  listener.certificates = {{directory.write("made.pem", pem(made)), directory.write("made.key", key_pem(made))}};
  const auto told = [&](const std::string& name) {
    listener.names = {{name, {}}};
    problems = {};
    static_cast<void>(front());
    return !problems.warnings.empty() &&
           problems.warnings.front().find("no certificate of this listener is for " + name) != std::string::npos;
  };
  for (const char* name : {"one.test", "x.two.test", "*.two.test", "*.three.test", "a.three.test"})
    EXPECT_FALSE(told(name)) << name;
  for (const char* name : {"on.test", "two.test", "x.y.two.test", "*.one.test", "b.three.test", "*.test.two"})
    EXPECT_TRUE(told(name)) << name;
}

// CVE-2025-23419, for every pair of rules.
TEST_P(ServerNames, ASessionIsGoodUnderTheRulesItWasMadeUnderOnly) {
  const auto to = front();
  const std::vector<std::string> names{"",          "other.test", "like-the-listener.test", "strict.test", "near.test", "shop.test",
                                       "open.test", "b.open.test"};
  for (const auto& made_at : names) {
    const auto first = caller(*to, made_at);
    ASSERT_TRUE(first->run()) << made_at;
    ASSERT_FALSE(first->resumed());
    const Session session = first->session();
    for (const auto& used_at : names) {
      const auto second = caller(*to, used_at);
      second->resume(session.get());
      ASSERT_TRUE(second->run()) << made_at << " at " << used_at << ": else a full handshake, not a failure";
      EXPECT_EQ(second->resumed(), to->rules_of(made_at) == to->rules_of(used_at)) << made_at << " at " << used_at;
      EXPECT_EQ(second->asked(), used_at);
      EXPECT_EQ(second->shown(), used_at == "shop.test"           ? "shop"
                                 : used_at.ends_with("open.test") ? ""
                                                                  : "till")
          << made_at << " at " << used_at;
    }
  }
}

TEST_P(ServerNames, TheSameRulesOnAnotherListenerAreOthers) {
  const auto here = front();
  listener.name = "lan";
  const auto there = front();
  for (const char* name : {"", "strict.test", "open.test"}) {
    const auto first = caller(*here, name);
    ASSERT_TRUE(first->run());
    const auto second = caller(*there, name);
    second->resume(first->session().get());
    ASSERT_TRUE(second->run());
    EXPECT_FALSE(second->resumed()) << name;
  }
}

// TLS 1.3 knows no session ids, and sends its tickets to everybody.
TEST_P(ServerNames, ASessionIdOfTls12ResumesNothing) {
  if (GetParam() != TLS1_2_VERSION) return;
  const auto to = front();
  for (const char* name : {"", "strict.test", "open.test"}) {
    const auto first = caller(*to, name);
    first->no_tickets();
    ASSERT_TRUE(first->run());
    const auto second = caller(*to, name);
    second->no_tickets();
    second->resume(first->session().get());
    ASSERT_TRUE(second->run());
    EXPECT_FALSE(second->resumed()) << name;
  }
}

// --- what a resumed session is verified by --------------------------------------------------------------------------------------

TEST_P(ServerNames, TheIssuersThatCameWithACertificateAreKeptInItsTicket) {
  const auto to = front();
  Session session;
  for (int visit = 0; visit < 3; ++visit) { // the ticket of a resumed session holds them as well
    Handshake made(*to, "strict.test", GetParam());
    made.show(low.certificate.get(), low.key.get(), middle.certificate.get());
    if (session) made.resume(session.get());
    ASSERT_TRUE(made.run());
    EXPECT_EQ(made.resumed(), visit > 0);
    EXPECT_EQ(made.shown(), "low");
    EXPECT_EQ(made.judged(*to), X509_V_OK) << "an open connection, too, can be judged again";
    session = made.session();
  }
}

TEST_P(ServerNames, AnotherCaEndsBothSessionsAndOpenConnections) {
  const auto before = front();
  const auto first = caller(*before, "strict.test");
  ASSERT_TRUE(first->run());
  listener.names.front().second.ca = {directory.file("shops.pem")};
  const auto after = front();
  EXPECT_NE(first->judged(*after), X509_V_OK);
  const auto second = caller(*after, "strict.test");
  second->resume(first->session().get());
  EXPECT_FALSE(second->run()) << "a full handshake, which its certificate does not pass any more";
}

TEST_P(ServerNames, ACertificateThatIsBelievedNoLongerIsNoWayInByItsTicket) {
  const auto to = front();
  const Identity brief = make_identity({.common_name = "brief", .alt_names = "DNS:brief", .until_seconds = 2}, &branches);
  const auto visit = [&](SSL_SESSION* session) {
    auto made = std::make_unique<Handshake>(*to, "strict.test", GetParam());
    made->show(brief.certificate.get(), brief.key.get());
    if (session != nullptr) made->resume(session);
    return made;
  };
  const auto first = visit(nullptr);
  ASSERT_TRUE(first->run());
  const Session session = first->session();
  while (X509_cmp_current_time(X509_get0_notAfter(brief.certificate.get())) > 0) std::this_thread::yield();
  const auto second = visit(session.get());
  EXPECT_FALSE(second->run());
  EXPECT_FALSE(second->resumed());
}

// --- odd callers ----------------------------------------------------------------------------------------------------------------

TEST_P(ServerNames, ASecondHelloForAnotherNameIsRefused) {
  const auto to = front();
  for (const bool renamed : {false, true}) {
    Handshake odd(*to, "open.test", TLS1_3_VERSION);
    odd.groups("P-521:P-256"); // its key share is of no use here, so it is asked for another (HelloRetryRequest)
    if (renamed) odd.rename("strict.test");
    EXPECT_EQ(odd.run(), !renamed);
    EXPECT_EQ(odd.asked(), "open.test");
  }
}

TEST_P(ServerNames, ACallerThatSendsTooMuchIsToldSo) {
  const auto to = front();
  std::string names = "DNS:large";
  for (int i = 0; i < 2000; ++i) names += ",DNS:name-" + std::to_string(i) + ".large.test";
  const Identity large = make_identity({.common_name = "large", .alt_names = names}, &branches);
  Handshake caller(*to, "strict.test", GetParam());
  caller.show(large.certificate.get(), large.key.get());
  EXPECT_FALSE(caller.run());
  EXPECT_EQ(explain_handshake(caller.error()), "the caller's certificates are larger than 24 KiB together");
}

// As large as it may be: the ticket that holds it still fits into a hello.
TEST_P(ServerNames, ALargeCertificateIsResumedToo) {
  const auto to = front();
  std::string names = "DNS:large";
  for (int i = 0; i < 800; ++i) names += ",DNS:name-" + std::to_string(i) + ".large.test";
  const Identity large = make_identity({.common_name = "large", .alt_names = names}, &branches);
  ASSERT_GT(i2d_X509(large.certificate.get(), nullptr), 16 * 1024);
  Session session;
  for (int visit = 0; visit < 2; ++visit) {
    Handshake made(*to, "strict.test", GetParam());
    made.show(large.certificate.get(), large.key.get());
    if (session) made.resume(session.get());
    ASSERT_TRUE(made.run()) << ERR_reason_error_string(made.error());
    EXPECT_EQ(made.resumed(), visit == 1);
    session = made.session();
  }
}

} // namespace
} // namespace ledgergate::listen::tests
