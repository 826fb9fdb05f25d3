// Which revocation list may take the place of another: by its number, its date and what is in it.
#include "listen/client_auth.h"
#include "listen/tls_front.h"

#include "../certificates.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Directory;
using ledgergate::tests::Identity;
using ledgergate::tests::make_identity;
using ledgergate::tests::pem;

struct FreeList {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

struct WantedList {
  long number = 0; // below zero: none
  std::vector<long> revoked = {}, on_hold = {};
  long from_seconds = 0; // against now
};

void add_entry(X509_CRL* list, long serial, bool hold) {
  X509_REVOKED* const entry = X509_REVOKED_new();
  ASN1_INTEGER* const number = ASN1_INTEGER_new();
  ASN1_INTEGER_set(number, serial);
  X509_REVOKED_set_serialNumber(entry, number);
  ASN1_INTEGER_free(number);
  ASN1_TIME* const when = X509_gmtime_adj(nullptr, -600);
  X509_REVOKED_set_revocationDate(entry, when);
  ASN1_TIME_free(when);
  if (hold) {
    ASN1_ENUMERATED* const reason = ASN1_ENUMERATED_new();
    ASN1_ENUMERATED_set(reason, CRL_REASON_CERTIFICATE_HOLD);
    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
    ASN1_ENUMERATED_free(reason);
  }
  X509_CRL_add0_revoked(list, entry);
}

std::string list_pem(const Identity& issuer, const WantedList& wanted) {
  const std::unique_ptr<X509_CRL, FreeList> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME* const since = X509_gmtime_adj(nullptr, wanted.from_seconds);
  X509_CRL_set1_lastUpdate(list.get(), since);
  ASN1_TIME_free(since);
  for (const long each : wanted.revoked) add_entry(list.get(), each, false);
  for (const long each : wanted.on_hold) add_entry(list.get(), each, true);
  if (wanted.number >= 0) {
    ASN1_INTEGER* const number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, wanted.number);
    X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, number, 0, 0);
    ASN1_INTEGER_free(number);
  }
  X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256());
  const ledgergate::tests::Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list.get());
  return ledgergate::tests::text_of(out.get());
}

class ARevocationList : public testing::Test {
protected:
  ARevocationList() { rules_.ca = {directory_.write("ca.pem", pem(authority_) + pem(second_)).string()}; }

  // Reads it, as a reload does. "": it is taken, and is in use and known from then on.
  std::string take(const std::string& lists) {
    rules_.crl = directory_.write("crl.pem", lists).string();
    problems_ = {};
    const auto made = ClientAuth::make(rules_, problems_, known_);
    if (!made) return problems_.errors.empty() ? "no words" : problems_.errors.front();
    known_.in_use = made->lists();
    keep_newest(known_.newest, made->lists());
    return "";
  }
  std::string take_list(const WantedList& wanted) { return take(list_pem(authority_, wanted)); }
  // As when no list is given for a while: what was known stays known.
  void forget_use() { known_.in_use.clear(); }
  [[nodiscard]] bool warns(const std::string& words) const {
    for (const std::string& each : problems_.warnings)
      if (each.find(words) != std::string::npos) return true;
    return false;
  }

  Directory directory_;
  Identity authority_ = make_identity({.common_name = "CA", .alt_names = "", .ca = true});
  Identity second_ = make_identity({.common_name = "Second", .alt_names = "", .ca = true});
  settings::CallerCertificates rules_;
  CertificateProblems problems_;
  KnownLists known_;
};

TEST_F(ARevocationList, OfTheSameNumberMustHaveAllThatWasThere) {
  ASSERT_EQ(take_list({.number = 3, .revoked = {1, 2}, .from_seconds = -100}), "");
  EXPECT_NE(take_list({.number = 3, .revoked = {1, 3}, .from_seconds = 0}).find("1 revocation of that one are not in it"),
            std::string::npos);
  EXPECT_NE(take_list({.number = 3, .revoked = {}, .from_seconds = -100}).find("2 revocations"), std::string::npos);
  EXPECT_EQ(take_list({.number = 3, .revoked = {1, 2, 3}, .from_seconds = 0}), "") << "it has more";
  EXPECT_EQ(take_list({.number = 4, .revoked = {1, 2, 3}}), "");
  EXPECT_FALSE(warns("is newer than the one before"));
}

TEST_F(ARevocationList, OfTheSameDateAndWithoutANumberMustHaveAllToo) {
  ASSERT_EQ(take_list({.number = -1, .revoked = {1, 2}, .from_seconds = -100}), "");
  EXPECT_NE(take_list({.number = -1, .revoked = {1}, .from_seconds = -100}), "");
  EXPECT_NE(take_list({.number = -1, .revoked = {1, 2}, .from_seconds = -200}).find("is older"), std::string::npos);
  EXPECT_EQ(take_list({.number = -1, .revoked = {1, 2}, .from_seconds = -50}), "");
}

TEST_F(ARevocationList, ThatIsNotChangedPasses) {
  const std::string text = list_pem(authority_, {.number = 3, .revoked = {1, 2}});
  ASSERT_EQ(take(text), "");
  EXPECT_EQ(take(text), "");
  EXPECT_FALSE(warns("is newer than the one before"));
}

// Two listeners may have lists of one CA that are not of one age; each keeps its own.
TEST_F(ARevocationList, ThatIsInUseAsItIsPassesThoughANewerOneIsKnown) {
  const std::string text = list_pem(authority_, {.number = 3, .revoked = {1}});
  ASSERT_EQ(take(text), "");
  const ListMarks here = known_.in_use;
  ASSERT_EQ(take_list({.number = 5, .revoked = {1, 2}}), "");
  EXPECT_NE(take(text).find("is older"), std::string::npos);
  known_.in_use = here;
  EXPECT_EQ(take(text), "");
  EXPECT_NE(take_list({.number = 4, .revoked = {1}}).find("is older"), std::string::npos);
}

TEST_F(ARevocationList, MayLoseWhatWasOnHold) {
  ASSERT_EQ(take_list({.number = 3, .revoked = {1}, .on_hold = {2}, .from_seconds = -100}), "");
  EXPECT_EQ(take_list({.number = 3, .revoked = {1}, .from_seconds = -50}), "");
  ASSERT_EQ(take_list({.number = 4, .revoked = {1}, .on_hold = {2}, .from_seconds = -50}), "");
  EXPECT_EQ(take_list({.number = 4, .revoked = {1, 2}, .from_seconds = -40}), "");
  EXPECT_NE(take_list({.number = 4, .revoked = {1}, .from_seconds = -30}), "") << "it is no longer on hold but revoked";
}

TEST_F(ARevocationList, OfAHigherNumberThatLacksSomethingIsPointedAt) {
  ASSERT_EQ(take_list({.number = 3, .revoked = {1, 2}}), "");
  EXPECT_EQ(take_list({.number = 4, .revoked = {1}}), "");
  EXPECT_TRUE(warns("1 revocation of that one"));
  EXPECT_EQ(take_list({.number = 4, .revoked = {1}}), "");
}

TEST_F(ARevocationList, IsRememberedWhenAnotherCasTakesItsPlace) {
  const std::string old = list_pem(authority_, {.number = 2, .revoked = {1}});
  const std::string other = list_pem(second_, {.number = 1, .revoked = {}});
  ASSERT_EQ(take(list_pem(authority_, {.number = 3, .revoked = {1, 2}}) + other), "");
  forget_use();
  ASSERT_EQ(take(other), "");
  EXPECT_NE(take(old + other).find("is older"), std::string::npos);
  forget_use();
  EXPECT_NE(take(old).find("is older"), std::string::npos);
}

// --- lists that are of no use
// -----------------------------------------------------------------------------------------------------

TEST_F(ARevocationList, OfACaThatIsNamedMayNotGoWithoutAnother) {
  const std::string first = list_pem(authority_, {.number = 1, .revoked = {1}});
  const std::string second = list_pem(second_, {.number = 1, .revoked = {}});
  ASSERT_EQ(take(first + second), "");
  EXPECT_TRUE(problems_.warnings.empty());
  for (const std::string& lists : {second, list_pem(second_, {.number = 2, .revoked = {}})})
    EXPECT_NE(take(lists).find("no revocation list of this CA any more"), std::string::npos);
  rules_.ca = {directory_.write("second.pem", pem(second_)).string()};
  EXPECT_EQ(take(second), "") << "the other CA is not named any more";
}

TEST_F(ARevocationList, OfNoCaThatIsNamedIsPointedAt) {
  const auto stranger = make_identity({.common_name = "Stranger", .alt_names = "", .ca = true});
  ASSERT_EQ(take(list_pem(stranger, {.number = 1})), "");
  EXPECT_TRUE(warns("is of no CA in client_ca"));
  EXPECT_TRUE(warns("no revocation list is of this CA, and nobody is let in"));
  forget_use();
  ASSERT_EQ(take(list_pem(authority_, {.number = 1}) + list_pem(second_, {.number = 1})), "");
  EXPECT_TRUE(problems_.warnings.empty());
}

TEST_F(ARevocationList, OfACaAboveAnotherIsAskedForOnlyWhereNobodyElseHasOne) {
  const auto below = make_identity({.common_name = "Below", .alt_names = "", .ca = true}, &authority_);
  rules_.ca = {directory_.write("two.pem", pem(authority_) + pem(below)).string()};
  ASSERT_EQ(take(list_pem(below, {.number = 1})), "");
  EXPECT_TRUE(problems_.warnings.empty());
  forget_use();
  ASSERT_EQ(take(list_pem(authority_, {.number = 1})), "");
  EXPECT_TRUE(warns("no revocation list is of this CA"));
}

TEST_F(ARevocationList, OfACaThatMaySignNoneIsPointedAt) {
  auto mute = make_identity({.common_name = "Mute", .alt_names = "", .ca = true});
  ledgergate::tests::extend(mute.certificate.get(), NID_key_usage, "critical,keyCertSign");
  ASSERT_GT(X509_sign(mute.certificate.get(), mute.key.get(), EVP_sha256()), 0);
  rules_.ca = {directory_.write("mute.pem", pem(mute)).string()};
  ASSERT_EQ(take(list_pem(mute, {.number = 1})), "");
  EXPECT_TRUE(warns("lacks cRLSign"));
}

TEST_F(ARevocationList, AndACaThatIsNotForCallersIsPointedAt) {
  auto servers = make_identity({.common_name = "Servers", .alt_names = "", .ca = true});
  ledgergate::tests::extend(servers.certificate.get(), NID_ext_key_usage, "serverAuth");
  ASSERT_GT(X509_sign(servers.certificate.get(), servers.key.get(), EVP_sha256()), 0);
  rules_.ca = {directory_.write("servers.pem", pem(servers)).string()};
  ASSERT_EQ(take(list_pem(servers, {.number = 1})), "");
  EXPECT_TRUE(warns("lacks clientAuth"));
}

} // namespace
} // namespace ledgergate::listen::tests
