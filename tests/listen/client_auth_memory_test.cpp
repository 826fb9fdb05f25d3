// Each allocation of OpenSSL's fails once while the CAs and revocation lists of a listener are read: they are refused, or they are
// what they are with memory.
#include "listen/client_auth.h"

#include "../certificates.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Directory;
using ledgergate::tests::Identity;
using ledgergate::tests::make_identity;
using ledgergate::tests::pem;

long left = -1; // allocations that succeed before one fails; negative: all do
bool failed = false;
bool installed = false;

bool fails() {
  if (left < 0 || left-- != 0) return false;
  return failed = true;
}
void* allocate(std::size_t size, const char*, int) { return fails() ? nullptr : std::malloc(size); }
void* reallocate(void* block, std::size_t size, const char*, int) { return fails() ? nullptr : std::realloc(block, size); }
void release(void* block, const char*, int) { std::free(block); }

// Before OpenSSL's first allocation, else it takes none of ours.
[[gnu::constructor(101)]] void install() { installed = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1; }

struct FreeList {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

std::string list_pem(const Identity& issuer, long number) {
  const std::unique_ptr<X509_CRL, FreeList> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME* const now = X509_gmtime_adj(nullptr, 0);
  X509_CRL_set1_lastUpdate(list.get(), now);
  ASN1_TIME_free(now);
  ASN1_INTEGER* const of = ASN1_INTEGER_new();
  ASN1_INTEGER_set(of, number);
  X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, of, 0, 0);
  ASN1_INTEGER_free(of);
  X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256());
  const ledgergate::tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list.get());
  return ledgergate::tests::text_of(out.get());
}

class Memory : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    ASSERT_TRUE(installed);
    const auto authority = make_identity({.common_name = "CA", .alt_names = "", .ca = true, .rsa = GetParam()});
    rules_.ca = {directory_.write("ca.pem", pem(authority)).string()};
    rules_.crl = directory_.write("newer.pem", list_pem(authority, 8)).string();
    newer_ = ask(-1);
    ASSERT_NE(newer_, nullptr);
    rules_.crl = directory_.write("crl.pem", list_pem(authority, 7)).string();
    whole_ = ask(-1);
    ASSERT_NE(whole_, nullptr);
  }
  void TearDown() override { left = -1; }

  std::shared_ptr<const ClientAuth> ask(long after, const KnownLists& known = {}) {
    problems_ = {};
    failed = false;
    left = after;
    std::shared_ptr<const ClientAuth> made =
        renewed_ ? whole_->renew(rules_, problems_, known) : ClientAuth::make(rules_, problems_, known);
    left = -1;
    return made;
  }

  void fail_each() {
    long after = 0;
    for (bool more = true; more; ++after) {
      const auto made = ask(after);
      more = failed;
      EXPECT_EQ(made == nullptr, !problems_.errors.empty()) << after;
      if (made != nullptr) {
        EXPECT_EQ(made->lists().front().whose, whole_->lists().front().whose) << after;
        EXPECT_EQ(made->lists().front().number, whole_->lists().front().number) << after;
        EVP_PKEY* const key = X509_get0_pubkey(made->authorities().front().get());
        ASSERT_NE(key, nullptr) << after;
        EXPECT_EQ(EVP_PKEY_get_security_bits(key), GetParam() ? 112 : 128) << after;
      }
      EXPECT_EQ(ask(after, {newer_->lists(), {}}), nullptr) << after << ": the older list is taken";
    }
    EXPECT_GT(after, 20);
  }

  Directory directory_;
  settings::CallerCertificates rules_;
  CertificateProblems problems_;
  bool renewed_ = false;
  std::shared_ptr<const ClientAuth> newer_, whole_;
};

TEST_P(Memory, FailsWhileAllIsRead) { fail_each(); }

TEST_P(Memory, FailsWhileTheListsAreRead) {
  renewed_ = true;
  fail_each();
}

INSTANTIATE_TEST_SUITE_P(Keys, Memory, testing::Bool());

} // namespace
} // namespace ledgergate::listen::tests
