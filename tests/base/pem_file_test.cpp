#include "base/pem_file.h"

#include "../certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ledgergate {
namespace {

using tests::Directory;
using tests::Identity;
using tests::key_pem;
using tests::make_identity;
using tests::pem;

std::string list_pem(const Identity& issuer) {
  X509_CRL* const list = X509_CRL_new();
  X509_CRL_set_version(list, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME* const now = X509_gmtime_adj(nullptr, 0);
  X509_CRL_set1_lastUpdate(list, now);
  ASN1_TIME_free(now);
  X509_CRL_sign(list, issuer.key.get(), EVP_sha256());
  const tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list);
  X509_CRL_free(list);
  return tests::text_of(out.get());
}

// The bytes inside of the text's one block.
std::string der(const std::string& text) {
  const tests::Owned<BIO> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  EXPECT_EQ(PEM_read_bio(in.get(), &name, &header, &data, &size), 1);
  std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return out;
}

std::string block(const std::string& label, const std::string& bytes) {
  const tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), label.c_str(), "", reinterpret_cast<const unsigned char*>(bytes.data()),
                static_cast<long>(bytes.size()));
  return tests::text_of(out.get());
}

struct PemFileTest : ::testing::Test {
  const Identity ca = make_identity({.common_name = "Root", .ca = true});
  const Identity leaf = make_identity({.common_name = "edge"}, &ca);
  const std::string chain = pem(leaf), root = pem(ca), key = key_pem(leaf), list = list_pem(ca);

  static std::optional<PemFile> read(const std::string& text, PemRole role) {
    PemProblem problem{.file = "x.pem"};
    return read_pem_text(text, role, problem);
  }
  static std::string mistake(const std::string& text, PemRole role) {
    PemProblem problem{.file = "x.pem"};
    return read_pem_text(text, role, problem) ? "" : problem.text();
  }
  static void says(const std::string& text, PemRole role, const std::string& words) {
    const std::string said = mistake(text, role);
    EXPECT_NE(said.find(words), std::string::npos) << text << "\nsays: " << said << "\nnot:  " << words;
    EXPECT_TRUE(said.starts_with("x.pem: "));
  }
};

TEST_F(PemFileTest, EachRoleHasItsBlocks) {
  EXPECT_EQ(read(chain + root, PemRole::chain)->certificates.size(), 2U);
  EXPECT_EQ(read(chain + root, PemRole::chain)->places[1],
            "line " + std::to_string(1 + std::count(chain.begin(), chain.end(), '\n')) + ", block 2");
  EXPECT_TRUE(read(key, PemRole::key)->key);
  EXPECT_TRUE(read(key + chain, PemRole::chain_and_key)->key);
  EXPECT_EQ(read(key + chain + root, PemRole::chain_and_key)->certificates.size(), 2U);
  EXPECT_EQ(read(root + chain, PemRole::authorities)->certificates.size(), 2U);
  EXPECT_EQ(read(list + list, PemRole::revocations)->lists.size(), 2U);
}

TEST_F(PemFileTest, KeysInEveryFormOfOpenSsl) {
  const auto traditional = [](EVP_PKEY* which) {
    const tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey_traditional(out.get(), which, nullptr, nullptr, 0, nullptr, nullptr);
    return tests::text_of(out.get());
  };
  const Identity rsa = make_identity({.rsa = true});
  const tests::Owned<EVP_PKEY> edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), edwards.get(), nullptr, nullptr, 0, nullptr, nullptr);
  const std::string parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  for (const std::string& text : {traditional(leaf.key.get()), traditional(rsa.key.get()), key_pem(rsa), tests::text_of(out.get()),
                                  parameters + traditional(leaf.key.get()), chain + key, key + chain})
    EXPECT_EQ(mistake(text, PemRole::key), "") << text;
}

TEST_F(PemFileTest, WhatDoesNotBelongIntoAFileIsRefused) {
  const std::string second = "line " + std::to_string(1 + std::count(chain.begin(), chain.end(), '\n')) + ", block 2 ";
  says(chain + key, PemRole::chain,
       second + "is a private key, which does not belong into a chain: take it out, or name this file");
  says(key, PemRole::chain, "holds a private key but no certificate (are chain and key swapped?)");
  says(chain, PemRole::key, "holds no PEM private key");
  says(chain, PemRole::chain_and_key, "holds no private key: put it into the same file");
  says(key, PemRole::chain_and_key, "no PEM certificate");
  says(key + chain + key, PemRole::chain_and_key, "is a second private key");
  says(key + key_pem(ca), PemRole::key, "is a second private key");
  says(root + key, PemRole::authorities, "is a private key, which does not belong here");
  says(key, PemRole::authorities, "holds no PEM certificate: line 1, block 1 is a private key");
  says(root + list, PemRole::authorities, "is a revocation list, which does not belong here: it has a file of its own");
  says(chain + list, PemRole::chain, "is a revocation list");
  says(key + list, PemRole::key, "is a revocation list");
  says(list + root, PemRole::revocations, "is a certificate, which does not belong here");
  says(root, PemRole::revocations, "holds no PEM revocation list (X509 CRL): line 1, block 1 is a certificate");
  says(key, PemRole::revocations, "holds no PEM revocation list");
  for (const PemRole role : {PemRole::chain, PemRole::key, PemRole::chain_and_key, PemRole::authorities, PemRole::revocations}) {
    says(block("TRUSTED CERTIFICATE", der(root)), role, "is OpenSSL's own form of a certificate");
    says(block("CERTIFICATE REQUEST", "abc"), role, "is a request, not a certificate");
    says(block("PKCS7", "abc"), role, "is a PKCS#7 bundle");
    says(block("DH PARAMETERS", "abc"), role, "is Diffie-Hellman parameters");
    says(block("PUBLIC KEY", "abc"), role, "is PUBLIC KEY, which does not belong here");
    says("", role, "is empty");
    says("\n", role, "holds no ");
    says("hello", role, "holds no ");
    EXPECT_EQ(mistake(std::string(), role).find("PRIVATE"), std::string::npos);
  }
}

TEST_F(PemFileTest, KeysUnderAPasswordAreRefused) {
  const std::string old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A0B\n\nQUJD\n"
                          "-----END RSA PRIVATE KEY-----\n";
  for (const std::string& text : {key_pem(leaf, "secret"), old, chain + key_pem(leaf, "secret"), chain + old}) {
    says(text, PemRole::key, "protected by a password");
    says(text, PemRole::chain_and_key, "protected by a password");
  }
  says("-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----\n", PemRole::key, "is a key of SSH");
}

TEST_F(PemFileTest, DerIsToldAndHowToConvertIt) {
  says(der(root), PemRole::authorities,
       "is a certificate in DER form, not PEM; convert it: openssl x509 -inform DER -in x.pem -out");
  says(der(list), PemRole::revocations,
       "is a revocation list in DER form, not PEM; convert it: openssl crl -inform DER -in x.pem -out");
  says(der(key), PemRole::key, "is a private key in DER form, not PEM; convert it: openssl pkey -inform DER -in x.pem -out");
  says(der(root).substr(0, 100), PemRole::authorities, "is DER or cut-off DER");
  PKCS12* const made = PKCS12_create("x", "x", leaf.key.get(), leaf.certificate.get(), nullptr, 0, 0, 0, 0, 0);
  const tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  i2d_PKCS12_bio(out.get(), made);
  PKCS12_free(made);
  says(tests::text_of(out.get()), PemRole::chain_and_key, "is a PKCS#12 bundle (.p12, .pfx), not PEM; convert it: openssl pkcs12");
}

TEST_F(PemFileTest, ABlockThatIsDamagedInsideIsRefused) {
  const std::string twice = der(root) + der(root);
  says(root + block("CERTIFICATE", "abc"), PemRole::authorities, "is no certificate inside: the block is damaged");
  says(block("CERTIFICATE", twice), PemRole::authorities, "is no certificate inside");
  says(block("CERTIFICATE", der(root) + 'x'), PemRole::authorities, "is no certificate inside");
  says(block("CERTIFICATE", der(root).substr(0, 200)), PemRole::authorities, "is no certificate inside");
  says(block("CERTIFICATE", der(list)), PemRole::authorities, "is no certificate inside");
  says(list + block("X509 CRL", der(root)), PemRole::revocations, "is no revocation list inside");
  says(list + block("X509 CRL", der(list) + 'x'), PemRole::revocations, "is no revocation list inside");
  says(block("PRIVATE KEY", der(root)), PemRole::key, "is no private key inside");
  says(block("PRIVATE KEY", der(key) + 'x'), PemRole::key, "is no private key inside");
  says(block("PRIVATE KEY", der(key).substr(0, 40)), PemRole::key, "is no private key inside");
}

// Each byte of a root in turn.
TEST_F(PemFileTest, NoByteOfARootCanChange) {
  const std::string good = der(root);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const auto got = read(block("CERTIFICATE", bad), PemRole::authorities);
    if (!got) continue;
    // What remains are the names: it says then that another has signed it, and is no root.
    EXPECT_NE(X509_get_extension_flags(got->certificates.front().get()) & EXFLAG_SS, EXFLAG_SS) << "byte " << i;
  }
}

// All that OpenSSL's reader finds, and never less, whatever line is lost or joined to the next.
TEST_F(PemFileTest, NothingIsReadInPart) {
  const std::string whole = "# two CAs\n" + root + "subject=Two\n" + chain + root;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = whole.find('\n', at);
    lines.push_back(whole.substr(at, end - at + 1));
    at = end + 1;
  }
  const auto joined = [](const std::vector<std::string>& all) {
    std::string out;
    for (const auto& each : all) out += each;
    return out;
  };
  const auto expect_all_or_none = [](const std::string& text) {
    const auto got = read(text, PemRole::authorities);
    if (got) {
      EXPECT_EQ(got->certificates.size(), 3U) << text;
    }
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> changed = lines;
    changed[i].pop_back(); // joined to the next
    expect_all_or_none(joined(changed));
    changed = lines;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    expect_all_or_none(joined(changed));
  }
  const auto count = [](const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  for (std::size_t end = 0; end < whole.size(); ++end) {
    const std::string text = whole.substr(0, end);
    const auto got = read(text, PemRole::authorities);
    if (!got) continue;
    EXPECT_EQ(got->certificates.size(), count(text, "-----END CERTIFICATE-----")) << "cut at " << end;
    EXPECT_EQ(got->certificates.size(), count(text, "-----B")) << "cut at " << end;
  }
}

TEST_F(PemFileTest, AnotherKeyOfTheSameNameMayHaveSignedACa) {
  const Identity renewed = make_identity({.common_name = "Root", .ca = true}, &ca); // "new with old", RFC 4210 section 4.4
  EXPECT_EQ(mistake(pem(renewed) + root, PemRole::authorities), "");
  says(pem(renewed), PemRole::authorities, "is a certificate whose own signature does not fit");
}

TEST_F(PemFileTest, TheSystemsOwnListOfCasIsRead) {
  const char* const system = "/etc/ssl/certs/ca-certificates.crt";
  if (::access(system, R_OK) != 0) GTEST_SKIP() << "there is none here";
  PemProblem problem;
  const auto got = read_pem_file(system, PemRole::authorities, problem);
  ASSERT_TRUE(got) << problem.text();
  EXPECT_GT(got->certificates.size(), 50U);
}

struct PemPairTest : PemFileTest {
  Directory directory;
  std::string pair(const std::string& chain_text, const std::string& key_text) {
    std::vector<PemPairProblem> problems;
    const auto got = read_pem_pair(directory.write("edge.pem", chain_text), directory.write("edge.key", key_text), problems);
    EXPECT_EQ(got.has_value(), problems.empty());
    return problems.empty() ? "" : problems.front().text();
  }
};

TEST_F(PemPairTest, OneFileMayHoldBoth) {
  std::vector<PemPairProblem> problems;
  const auto file = directory.write("both.pem", chain + root + key);
  EXPECT_TRUE(read_pem_pair(file, file, problems));
  std::filesystem::create_symlink(file, directory.file("link.pem"));
  EXPECT_TRUE(read_pem_pair(file, directory.file("link.pem"), problems)) << "by another name";
  EXPECT_FALSE(read_pem_pair(file, directory.write("edge.key", key), problems)) << "the key of the chain is not the one in use";
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  problems.clear();
  EXPECT_FALSE(read_pem_pair(file, file, problems)) << "it holds a key";
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().text().find("everybody on this machine may read"), std::string::npos);
  const std::string command = ::geteuid() == 0 ? "run: chown root:ledgergate " + file.string() + " && chmod 640 " + file.string()
                                               : "run: chmod 600 " + file.string();
  EXPECT_NE(problems.front().text().find(command), std::string::npos) << problems.front().text();
}

TEST_F(PemPairTest, AKeyOfACertificateFurtherBehindIsToldOf) {
  const std::string said = pair(root + chain, key);
  EXPECT_NE(said.find("block 2 is the certificate of the key in "), std::string::npos) << said;
  EXPECT_NE(said.find("it must come first"), std::string::npos) << said;
}

TEST_F(PemPairTest, AChainHasABound) {
  std::string many = chain;
  for (int i = 0; i < 40; ++i) many += root;
  EXPECT_NE(pair(many, key).find("holds 41 certificates; a chain has 32 at most"), std::string::npos);
}

TEST_F(PemPairTest, FilesThatAreNoneAreRefused) {
  PemProblem problem;
  EXPECT_FALSE(read_pem_file(directory.file("absent"), PemRole::revocations, problem));
  EXPECT_TRUE(problem.missing);
  problem = {};
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  EXPECT_FALSE(read_pem_file(directory.file("fifo"), PemRole::revocations, problem)) << "and nobody waited for a writer";
  EXPECT_NE(problem.text().find("fifo: is not a regular file"), std::string::npos);
  EXPECT_FALSE(problem.missing);
  EXPECT_FALSE(read_pem_file(directory.file(""), PemRole::chain, problem));
  EXPECT_NE(problem.text().find("is a directory"), std::string::npos);
  const auto large = directory.write("large", std::string(2 << 20, 'x') + '\n');
  EXPECT_FALSE(read_pem_file(large, PemRole::authorities, problem));
  EXPECT_NE(problem.text().find("larger than 1 MiB"), std::string::npos);
  EXPECT_FALSE(read_pem_file(large, PemRole::revocations, problem));
  EXPECT_EQ(problem.text().find("larger"), std::string::npos) << "a large CA's list: " << problem.text();
  std::filesystem::resize_file(large, (16 << 20) + 1);
  EXPECT_FALSE(read_pem_file(large, PemRole::revocations, problem));
  EXPECT_NE(problem.text().find("larger than 16 MiB"), std::string::npos);
}

} // namespace
} // namespace ledgergate
