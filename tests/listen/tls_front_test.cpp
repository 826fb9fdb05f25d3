#include "listen/tls_front.h"

#include "../certificates.h"
#include "handshake.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Directory;
using ledgergate::tests::make_identity;

struct TlsFrontTest : ::testing::Test {
  Directory directory;
  TicketKeys keys;
  CertificateProblems problems;
  settings::Listener listener;

  void add(const std::string& alt_names, bool rsa = false) {
    const auto identity = make_identity({.common_name = alt_names, .alt_names = alt_names, .rsa = rsa});
    const std::string name = std::to_string(listener.certificates.size());
    listener.certificates.push_back(
        {directory.write(name + ".pem", pem(identity)), directory.write(name + ".key", key_pem(identity))});
  }
  std::shared_ptr<const TlsFront> front() {
    auto made = TlsFront::make(listener, keys, problems);
    EXPECT_TRUE(made) << (problems.errors.empty() ? "" : problems.errors.front());
    return made;
  }
  // Which certificate stands behind a name: its common name.
  static std::string leaf(SSL_CTX* context) { return common_name(SSL_CTX_get0_certificate(context)); }
};

TEST_F(TlsFrontTest, FindsTheCertificateOfAName) {
  add("DNS:one.example.cz");
  add("DNS:two.example.cz,DNS:three.example.cz");
  const auto made = front();
  EXPECT_EQ(leaf(made->find("one.example.cz")), "DNS:one.example.cz");
  EXPECT_EQ(leaf(made->find("two.example.cz")), "DNS:two.example.cz,DNS:three.example.cz");
  EXPECT_EQ(leaf(made->find("three.example.cz")), "DNS:two.example.cz,DNS:three.example.cz");
}

TEST_F(TlsFrontTest, GoesOnWithThePairsItHasWhereTheNewOnesDoNotExist) {
  add("DNS:one.example.cz");
  const auto made = front();
  const auto pair = listener.certificates[0];
  listener.certificates = {{directory.file("absent.pem"), directory.file("absent.key")}};
  EXPECT_FALSE(TlsFront::make(listener, keys, problems));
  EXPECT_TRUE(problems.missing);
  problems = {};
  const auto next = TlsFront::make(listener, keys, problems, ListsInUse(), made.get());
  ASSERT_TRUE(next);
  EXPECT_TRUE(problems.missing);
  EXPECT_EQ(problems.errors.size(), 2U);
  EXPECT_EQ(leaf(next->find("one.example.cz")), "DNS:one.example.cz");
  EXPECT_EQ(next->shown().at(0).file, pair.chain);
  // Whatever else is wrong is not waited for.
  for (const auto& files : {settings::CertificateFiles{directory.file("absent.pem"), pair.key}, {pair.key, pair.key}}) {
    listener.certificates = {{directory.file("absent.pem"), directory.file("absent.key")}, files};
    problems = {};
    EXPECT_FALSE(TlsFront::make(listener, keys, problems, ListsInUse(), made.get()));
    EXPECT_FALSE(problems.missing);
    EXPECT_EQ(problems.errors.size(), 3U);
  }
}

TEST_F(TlsFrontTest, AWildcardStandsForExactlyOneLabel) {
  add("DNS:default.example.cz");
  add("DNS:*.till.example.cz");
  const auto made = front();
  EXPECT_EQ(leaf(made->find("brno.till.example.cz")), "DNS:*.till.example.cz");
  EXPECT_EQ(leaf(made->find("a.brno.till.example.cz")), "DNS:default.example.cz");
  EXPECT_EQ(leaf(made->find("till.example.cz")), "DNS:default.example.cz");
  EXPECT_EQ(leaf(made->find(".till.example.cz")), "DNS:default.example.cz") << "no label at all";
  EXPECT_EQ(leaf(made->find("*.till.example.cz")), "DNS:*.till.example.cz");
}

TEST_F(TlsFrontTest, AnExactNameGoesBeforeAWildcard) {
  add("DNS:*.example.cz");
  add("DNS:ucto.example.cz");
  EXPECT_EQ(leaf(front()->find("ucto.example.cz")), "DNS:ucto.example.cz");
}

TEST_F(TlsFrontTest, UnknownAndAbsentNamesGetTheFirstCertificate) {
  add("DNS:first.example.cz");
  add("DNS:second.example.cz");
  const auto made = front();
  EXPECT_EQ(leaf(made->find("")), "DNS:first.example.cz");
  EXPECT_EQ(leaf(made->find("unknown.invalid")), "DNS:first.example.cz");
}

TEST_F(TlsFrontTest, TheFirstCertificateWithANameHasIt) {
  add("DNS:zzz.example.cz");
  add("DNS:same.example.cz,DNS:first.example.cz");
  add("DNS:same.example.cz,DNS:second.example.cz");
  EXPECT_EQ(leaf(front()->find("same.example.cz")), "DNS:same.example.cz,DNS:first.example.cz");
}

TEST_F(TlsFrontTest, ACallerGetsTheCertificateOfTheNameItAskedFor) {
  add("DNS:default.example.cz");
  add("DNS:*.till.example.cz");
  const auto made = front();
  Handshake named(*made, "Brno.Till.example.cz");
  ASSERT_TRUE(named.run());
  EXPECT_EQ(named.peer(), "DNS:*.till.example.cz");
  Handshake unnamed(*made, "");
  ASSERT_TRUE(unnamed.run());
  EXPECT_EQ(unnamed.peer(), "DNS:default.example.cz");
}

TEST_F(TlsFrontTest, AnEcdsaAndAnRsaCertificateOfOneNameAreOfferedTogether) {
  add("DNS:localhost", false);
  add("DNS:localhost", true);
  const auto made = front();
  Handshake modern(*made, "localhost", TLS1_2_VERSION);
  ASSERT_TRUE(modern.run());
  EXPECT_EQ(modern.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256") << "ECDSA is preferred";
  Handshake rsa_only(*made, "localhost", TLS1_2_VERSION);
  rsa_only.ciphers("ECDHE-RSA-AES256-GCM-SHA384");
  ASSERT_TRUE(rsa_only.run());
  Handshake schannel(*made, "localhost", TLS1_2_VERSION);
  schannel.ciphers("DHE-RSA-AES256-GCM-SHA384"); // what Server 2012 R2 has beside ECDSA
  ASSERT_TRUE(schannel.run());
}

TEST_F(TlsFrontTest, ACertificateThatCannotBeServedMakesNoFront) {
  add("DNS:localhost");
  listener.certificates.front().key = directory.write("other.key", key_pem(make_identity({})));
  EXPECT_FALSE(TlsFront::make(listener, keys, problems));
  EXPECT_EQ(problems.errors.size(), 1U);
}

// --- what a failed handshake says -----------------------------------------------------------------------------------------------

struct Explained : TlsFrontTest {
  std::string said(Handshake& handshake) {
    EXPECT_FALSE(handshake.run());
    return std::string(explain_handshake(handshake.error()));
  }
};

TEST_F(Explained, AnOldVersion) {
  add("DNS:localhost");
  const auto made = front();
  Handshake old(*made, "localhost", TLS1_1_VERSION);
  old.ciphers("ALL:@SECLEVEL=0");
  EXPECT_NE(said(old).find("no TLS version from 1.2 on"), std::string::npos);
}

TEST_F(Explained, NoSharedCipher) {
  add("DNS:localhost");
  const auto made = front();
  Handshake odd(*made, "localhost", TLS1_2_VERSION);
  odd.ciphers("AES128-SHA");
  EXPECT_NE(said(odd).find("no shared cipher"), std::string::npos);
}

TEST_F(Explained, AnotherProtocol) {
  add("DNS:localhost");
  const auto made = front();
  Handshake other(*made, "localhost");
  other.protocols("\x02h2");
  EXPECT_NE(said(other).find("ALPN"), std::string::npos);
}

TEST_F(Explained, Http2BesideHttp11IsNoFailure) {
  add("DNS:localhost");
  const auto made = front();
  Handshake both(*made, "localhost");
  both.protocols("\x02h2\x08http/1.1");
  ASSERT_TRUE(both.run());
  EXPECT_EQ(both.protocol(), "http/1.1");
}

TEST_F(Explained, ACallerThatDoesNotTrustUs) {
  add("DNS:localhost");
  const auto made = front();
  Handshake careful(*made, "localhost");
  careful.verify();
  EXPECT_EQ(said(careful), "the caller does not trust our certificate");
}

TEST_F(Explained, PlainHttp) {
  add("DNS:localhost");
  const auto made = front();
  Handshake plain(*made, "localhost");
  plain.say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(said(plain), "plain HTTP on the TLS port");
}

TEST_F(Explained, SomethingThatIsNoTls) {
  add("DNS:localhost");
  const auto made = front();
  Handshake noise(*made, "localhost");
  noise.say("SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(said(noise), "the caller does not speak TLS");
}

TEST_F(Explained, ACallerThatWentAway) { EXPECT_EQ(explain_handshake(0), "the caller went away during the TLS handshake"); }

} // namespace
} // namespace ledgergate::listen::tests
