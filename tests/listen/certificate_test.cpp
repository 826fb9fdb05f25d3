#include "listen/certificate.h"

#include "../certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Directory;
using ledgergate::tests::Identity;
using ledgergate::tests::key_pem;
using ledgergate::tests::make_identity;
using ledgergate::tests::pem;

struct CertificateTest : ::testing::Test {
  Directory directory;
  CertificateProblems problems;

  Certificate read(const std::string& chain, const std::string& key) {
    return read_certificate({directory.write("edge.pem", chain), directory.write("edge.key", key)}, problems);
  }
  Certificate read(const Identity& identity) { return read(pem(identity), key_pem(identity)); }
  // One problem, which says this, and nothing to serve.
  void expect_error(const Certificate& certificate, const std::string& words) {
    EXPECT_TRUE(certificate.chain.empty());
    ASSERT_EQ(problems.errors.size(), 1U);
    EXPECT_NE(problems.errors.front().find(words), std::string::npos) << problems.errors.front();
    EXPECT_EQ(problems.errors.front().find("PRIVATE KEY"), std::string::npos) << "a key is in the message";
  }
  void expect_warning(const std::string& words) {
    EXPECT_TRUE(problems.errors.empty());
    ASSERT_EQ(problems.warnings.size(), 1U);
    EXPECT_NE(problems.warnings.front().find(words), std::string::npos) << problems.warnings.front();
  }
};

TEST_F(CertificateTest, APairThatMatchesIsRead) {
  const Certificate certificate =
      read(make_identity({.common_name = "edge", .alt_names = "DNS:Ucto.Example.cz,DNS:*.till.example.cz,IP:192.0.2.1"}));
  EXPECT_TRUE(problems.errors.empty());
  EXPECT_TRUE(problems.warnings.empty());
  ASSERT_EQ(certificate.chain.size(), 1U);
  EXPECT_TRUE(certificate.key);
  EXPECT_EQ(certificate.type, EVP_PKEY_EC);
  EXPECT_EQ(certificate.names, (std::vector<std::string>{"ucto.example.cz", "*.till.example.cz"}));
}

TEST_F(CertificateTest, AnRsaPairIsToldFromAnEcdsaOne) { EXPECT_EQ(read(make_identity({.rsa = true})).type, EVP_PKEY_RSA); }

TEST_F(CertificateTest, AKeyOfAnotherCertificateIsRefused) {
  const Identity one = make_identity({}), other = make_identity({});
  expect_error(read(pem(one), key_pem(other)), "does not belong to the certificate");
}

TEST_F(CertificateTest, AKeyThatEverybodyMayReadIsRefused) {
  const Identity identity = make_identity({});
  const auto chain = directory.write("edge.pem", pem(identity)), key = directory.write("edge.key", key_pem(identity));
  std::filesystem::permissions(key, std::filesystem::perms(0604));
  expect_error(read_certificate({chain, key}, problems), "everybody on this machine may read this private key");
  problems = {};
  std::filesystem::permissions(key, std::filesystem::perms(0660));
  EXPECT_TRUE(read_certificate({chain, key}, problems).key) << "a group's key is usual";
  EXPECT_TRUE(problems.errors.empty());
}

TEST_F(CertificateTest, AKeyOfAnotherKindIsRefused) {
  const Identity one = make_identity({}), other = make_identity({.rsa = true});
  expect_error(read(pem(one), key_pem(other)), "does not belong to the certificate");
}

TEST_F(CertificateTest, AnExpiredOneIsServedWithAWarning) {
  const Certificate certificate = read(make_identity({.from_seconds = -7200, .until_seconds = -3600}));
  EXPECT_EQ(certificate.chain.size(), 1U);
  expect_warning("expired on");
}

TEST_F(CertificateTest, OneThatIsNotYetValidIsServedWithAWarning) {
  const Certificate certificate = read(make_identity({.from_seconds = 3600, .until_seconds = 7200}));
  EXPECT_EQ(certificate.chain.size(), 1U);
  expect_warning("not valid before");
}

TEST_F(CertificateTest, AChainInOrderIsReadWhole) {
  const Identity root = make_identity({.common_name = "root", .ca = true});
  const Identity middle = make_identity({.common_name = "middle", .ca = true}, &root);
  const Identity leaf = make_identity({}, &middle);
  EXPECT_EQ(read(pem(leaf) + pem(middle) + pem(root), key_pem(leaf)).chain.size(), 3U);
  EXPECT_TRUE(problems.warnings.empty());
}

TEST_F(CertificateTest, AChainOutOfOrderIsWarnedOf) {
  const Identity root = make_identity({.common_name = "root", .ca = true});
  const Identity stranger = make_identity({.common_name = "stranger", .ca = true});
  const Identity leaf = make_identity({}, &root);
  EXPECT_EQ(read(pem(leaf) + pem(stranger), key_pem(leaf)).chain.size(), 2U);
  expect_warning("certificate 2 of the chain did not issue certificate 1");
}

TEST_F(CertificateTest, AMissingFileIsSaidToBeMissing) {
  const Identity identity = make_identity({});
  const auto key = directory.write("edge.key", key_pem(identity));
  expect_error(read_certificate({directory.file("absent.pem"), key}, problems), "absent.pem: No such file");
  EXPECT_NE(problems.errors.at(0).find("while its counterpart does: is the name right?"), std::string::npos);
  EXPECT_FALSE(problems.missing) << "only a pair can be waited for";
}

TEST_F(CertificateTest, BothMissingFilesAreNamedAtOnce) {
  const Certificate certificate = read_certificate({directory.file("absent.pem"), directory.file("absent.key")}, problems);
  EXPECT_TRUE(certificate.chain.empty());
  EXPECT_EQ(problems.errors.size(), 2U);
  EXPECT_TRUE(problems.missing);
}

TEST_F(CertificateTest, ADirectoryIsNoFile) {
  const Identity identity = make_identity({});
  const auto key = directory.write("edge.key", key_pem(identity));
  expect_error(read_certificate({directory.file(""), key}, problems), "is a directory");
  EXPECT_FALSE(problems.missing);
}

TEST_F(CertificateTest, AnEncryptedKeyIsRefusedWithoutAskingForItsPassword) {
  const Identity identity = make_identity({});
  expect_error(read(pem(identity), key_pem(identity, "secret")), "protected by a password");
}

TEST_F(CertificateTest, SwappedFilesAreRecognised) {
  const Identity identity = make_identity({});
  expect_error(read(key_pem(identity), pem(identity)), "are chain and key swapped?");
}

TEST_F(CertificateTest, TextThatIsNoPemIsRefused) {
  const Identity identity = make_identity({});
  expect_error(read("hello", key_pem(identity)), "holds no PEM certificate");
  problems = {};
  expect_error(read(pem(identity), "hello"), "holds no PEM private key");
  problems = {};
  expect_error(read("", key_pem(identity)), "holds no PEM certificate");
}

TEST_F(CertificateTest, AVeryLargeFileIsNotReadToItsEnd) {
  const Identity identity = make_identity({});
  expect_error(read(std::string(2 << 20, 'x'), key_pem(identity)), "larger than 1 MiB");
}

TEST_F(CertificateTest, AKeyBehindOtherBlocksOfItsFileIsFound) {
  const Identity identity = make_identity({});
  EXPECT_EQ(read(pem(identity), pem(identity) + key_pem(identity)).chain.size(), 1U);
  EXPECT_TRUE(problems.errors.empty());
}

} // namespace
} // namespace ledgergate::listen::tests
