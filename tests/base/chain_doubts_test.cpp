#include "base/chain_doubts.h"

#include "../certificates.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace ledgergate {
namespace {

using tests::Identity;
using tests::Wanted;

// A certificate of `issuer`, or of its own, with these extensions besides.
struct Asked {
  std::string name;
  bool ca = false;
  std::vector<std::pair<int, std::string>> extensions = {};
  long from = -3600, until = 3600;
  std::function<EVP_PKEY*()> key = [] { return EVP_EC_gen("P-256"); };
};

Identity make(const Asked& asked, const Identity* issuer = nullptr) {
  Identity made;
  made.key.reset(asked.key());
  made.certificate.reset(X509_new());
  X509* const x = made.certificate.get();
  static long serial = 1;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), asked.from);
  X509_gmtime_adj(X509_getm_notAfter(x), asked.until);
  X509_set_pubkey(x, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(asked.name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : x));
  if (asked.ca) tests::extend(x, NID_basic_constraints, "critical,CA:TRUE");
  for (const auto& [kind, value] : asked.extensions) tests::extend(x, kind, value);
  EVP_PKEY* const by = issuer != nullptr ? issuer->key.get() : made.key.get();
  if (X509_sign(x, by, EVP_PKEY_is_a(by, "ED25519") == 1 ? nullptr : EVP_sha256()) == 0) throw std::runtime_error("signing");
  return made;
}

std::string doubts(const std::vector<const Identity*>& chain, const std::vector<X509*>& known = {}, ShownTo to = ShownTo::callers) {
  std::vector<X509Ptr> owned;
  for (const Identity* each : chain) {
    X509_up_ref(each->certificate.get());
    owned.emplace_back(each->certificate.get());
  }
  std::string out;
  for (const std::string& each : chain_doubts(owned, "x.pem", to, known)) out += each + "\n";
  return out;
}

void expect(const std::string& said, const std::string& words) {
  EXPECT_NE(said.find(words), std::string::npos) << "says: " << said << "not:  " << words;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

struct ChainDoubts : ::testing::Test {
  const Identity root = make({.name = "Root", .ca = true});
  const Identity middle = make({.name = "Middle", .ca = true}, &root);
  const Identity leaf = make({.name = "edge"}, &middle);
};

TEST_F(ChainDoubts, OfAGoodChainThereAreNone) {
  EXPECT_EQ(doubts({&leaf, &middle}), "");
  EXPECT_EQ(doubts({&leaf, &middle, &root}), "");
  EXPECT_EQ(doubts({&root}), "") << "one that signed itself";
  const Identity usual = make({.name = "edge",
                               .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                              {NID_key_usage, "critical,digitalSignature"},
                                              {NID_ext_key_usage, "serverAuth,clientAuth"}}},
                              &middle);
  EXPECT_EQ(doubts({&usual, &middle}), "");
  EXPECT_EQ(doubts({&usual, &middle}, {}, ShownTo::server), "");
}

TEST_F(ChainDoubts, OfWhatStandsAlone) {
  const std::string said = doubts({&leaf});
  expect(said, "x.pem: holds the certificate alone, without the intermediate certificate of its CA (CN=Middle)");
  EXPECT_NE(said.find("fullchain.pem"), std::string::npos);
  EXPECT_EQ(doubts({&leaf}, {root.certificate.get(), middle.certificate.get()}), "") << "callers have its CA";
  EXPECT_NE(doubts({&leaf}, {root.certificate.get()}), "");
  const Identity twin = make({.name = "Middle", .ca = true}, &root);
  EXPECT_NE(doubts({&leaf}, {twin.certificate.get()}), "") << "another key of this name";
}

TEST_F(ChainDoubts, OfTheOrder) {
  expect(doubts({&leaf, &root}), "certificate 2 of the chain did not issue certificate 1");
  expect(doubts({&leaf, &middle, &middle}), "certificate 3 of the chain is certificate 2 once more; take it out");
  expect(doubts({&leaf, &leaf, &middle}), "certificate 2 of the chain is certificate 1 once more");
  const Identity forged = make({.name = "Middle", .ca = true}, &root);
  expect(doubts({&leaf, &forged}), "certificate 2 of the chain did not issue certificate 1");
}

TEST_F(ChainDoubts, OfDates) {
  const Identity old = make({.name = "Old", .ca = true, .from = -7200, .until = -3600}, &root);
  const Identity early = make({.name = "Early", .ca = true, .from = 3600, .until = 7200}, &root);
  const Identity of_old = make({.name = "edge"}, &old), of_early = make({.name = "edge"}, &early);
  expect(doubts({&of_old, &old}), "certificate 2 of the chain (CN=Old) expired on ");
  expect(doubts({&of_old, &old, &root}), "certificate 2 of the chain (CN=Old) expired on ");
  expect(doubts({&of_old, &old}, {}, ShownTo::server), "servers refuse what it issued");
  expect(doubts({&of_early, &early}), "certificate 2 of the chain (CN=Early) is not valid before ");
  const Identity late = make({.name = "late", .from = -7200, .until = -3600}, &middle);
  expect(doubts({&late, &middle}), "the certificate expired on ");
  EXPECT_EQ(doubts({&late, &middle}, {}, ShownTo::server), "") << "told by others";
  const Identity end = make({.name = "End", .ca = true, .from = -7200, .until = -3600});
  const Identity below = make({.name = "edge"}, &end);
  expect(doubts({&below, &end}), "certificate 2 of the chain (CN=End) expired on ");
}

TEST_F(ChainDoubts, OfWhatItsCasMayDo) {
  const Identity mail = make({.name = "Mail", .ca = true, .extensions = {{NID_ext_key_usage, "emailProtection"}}}, &root);
  const Identity of_mail = make({.name = "edge"}, &mail);
  expect(doubts({&of_mail, &mail}), "certificate 2 of the chain (CN=Mail) may not issue for this purpose (extended key usage)");
  const Identity clients = make({.name = "C", .ca = true, .extensions = {{NID_ext_key_usage, "clientAuth"}}}, &root);
  const Identity of_clients = make({.name = "edge"}, &clients);
  expect(doubts({&of_clients, &clients}), "may not issue for this purpose");
  EXPECT_EQ(doubts({&of_clients, &clients}, {}, ShownTo::server), "");
  const Identity person = make({.name = "Person", .extensions = {{NID_basic_constraints, "critical,CA:FALSE"}}}, &root);
  const Identity of_person = make({.name = "edge"}, &person);
  expect(doubts({&of_person, &person}), "certificate 2 of the chain (CN=Person) is not a CA's");
  const Identity low = make({.name = "Low", .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}}}, &root);
  const Identity lower = make({.name = "Lower", .ca = true}, &low);
  const Identity lowest = make({.name = "edge"}, &lower);
  expect(doubts({&lowest, &lower, &low}), "may not issue for a CA below it (path length)");
  const Identity for_clients = make({.name = "edge", .extensions = {{NID_ext_key_usage, "clientAuth"}}}, &middle);
  expect(doubts({&for_clients, &middle}), "the certificate is not for servers");
}

TEST_F(ChainDoubts, OfWhatALeafSaysOfItself) {
  const Identity ca = make({.name = "edge", .ca = true}, &middle);
  expect(doubts({&ca, &middle}), "the certificate is a CA's (basic constraints CA:TRUE)");
  const Identity staple = make({.name = "edge", .extensions = {{NID_tlsfeature, "status_request"}}}, &middle);
  expect(doubts({&staple, &middle}), "must-staple");
  for (const char* const usage : {"critical,keyAgreement", "keyEncipherment", "keyAgreement,keyEncipherment"}) {
    const Identity silent = make({.name = "edge", .extensions = {{NID_key_usage, usage}}}, &middle);
    expect(doubts({&silent, &middle}), "key usage is without digitalSignature");
    EXPECT_EQ(doubts({&silent, &middle}, {}, ShownTo::server), "") << usage;
  }
  const Identity usual = make({.name = "edge", .extensions = {{NID_key_usage, "digitalSignature,keyAgreement"}}}, &middle);
  EXPECT_EQ(doubts({&usual, &middle}), "");
  EXPECT_EQ(doubts({&staple, &middle}, {}, ShownTo::server), "");
}

TEST_F(ChainDoubts, OfKeysThatFewTake) {
  const auto of = [&](const std::function<EVP_PKEY*()>& key) {
    const Identity odd = make({.name = "edge", .key = key}, &middle);
    return doubts({&odd, &middle});
  };
  EXPECT_EQ(of([] { return EVP_EC_gen("P-384"); }), "");
  EXPECT_EQ(of([] { return EVP_RSA_gen(2048); }), "");
  expect(of([] { return EVP_EC_gen("secp256k1"); }),
         "the key is on the curve secp256k1, which no browser, .NET, Java or PHP takes");
  expect(of([] { return EVP_EC_gen("brainpoolP256r1"); }), "the key is on the curve brainpoolP256r1");
  expect(of([] { return EVP_EC_gen("P-521"); }), "the key is on the curve P-521");
  expect(of([] { return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); }), "the key is of the kind ED25519");
}

} // namespace
} // namespace ledgergate
