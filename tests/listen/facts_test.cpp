#include "listen/facts.h"

#include "../certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::make_identity;

struct FreeList {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

TEST(Facts, OfACertificateTellWhichOneItIs) {
  const auto identity = make_identity({.common_name = "Pobočky"});
  X509* const certificate = identity.certificate.get();
  ASN1_TIME_set(X509_getm_notAfter(certificate), 1'798'761'600); // 2027-01-01
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234);
  ASSERT_NE(X509_sign(certificate, identity.key.get(), EVP_sha256()), 0);
  const std::string facts = certificate_facts(certificate);
  EXPECT_TRUE(facts.ends_with(" serial=1234 until=2027-01-01 subject=CN=Pobočky")) << facts;
  EXPECT_EQ(facts.find("sha256="), 0U);
  EXPECT_EQ(facts.find(' '), 7U + 64U);
  EXPECT_NE(certificate_facts(make_identity({.common_name = "Pobočky"}).certificate.get()).substr(0, 71), facts.substr(0, 71));
}

TEST(Facts, OfARevocationListTellHowManyAndUntilWhen) {
  const auto authority = make_identity({.common_name = "Branches", .ca = true});
  const std::unique_ptr<X509_CRL, FreeList> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), 1); // v2
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(authority.certificate.get()));
  ASN1_TIME* const when = ASN1_TIME_set(nullptr, 1'798'761'600); // 2027-01-01
  X509_CRL_set1_lastUpdate(list.get(), when);
  ASSERT_NE(X509_CRL_sign(list.get(), authority.key.get(), EVP_sha256()), 0);
  EXPECT_EQ(list_facts(list.get()).substr(71), " revoked=0 issuer=CN=Branches") << "what it does not say is left out";

  X509_CRL_set1_nextUpdate(list.get(), when);
  ASN1_INTEGER* const number = ASN1_INTEGER_new();
  for (const long serial : {11L, 12L}) {
    X509_REVOKED* const revoked = X509_REVOKED_new();
    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(revoked, number);
    X509_REVOKED_set_revocationDate(revoked, when);
    X509_CRL_add0_revoked(list.get(), revoked);
  }
  ASN1_INTEGER_set(number, 4099);
  X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, number, 0, 0);
  ASN1_INTEGER_free(number);
  ASN1_TIME_free(when);
  ASSERT_NE(X509_CRL_sign(list.get(), authority.key.get(), EVP_sha256()), 0);
  EXPECT_EQ(list_facts(list.get()).substr(71), " number=4099 revoked=2 until=2027-01-01 issuer=CN=Branches");
}

} // namespace
} // namespace ledgergate::listen::tests
