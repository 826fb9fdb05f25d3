#include "enrol/bundle.h"
#include "enrol/certificates.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <ctime>
#include <set>

namespace {

using namespace ledgergate::enrol;

constexpr std::int64_t kNow = 1'800'000'000; // 2027-01-15

class MadeCertificates : public testing::Test {
protected:
  void SetUp() override {
    key_ = make_key(KeyType::ecdsa, 0, why_);
    authority_ = make_authority(key_.get(), "Branches of Novák", kNow, kNow + 7300 * kDay, why_);
    ASSERT_TRUE(authority_) << why_;
  }
  Record record(Kind kind) {
    Record out;
    out.serial = random_serial();
    out.kind = kind;
    out.name = "till";
    out.issued = kNow;
    out.until = kNow + 730 * kDay;
    out.sans = {"till.branch.internal"};
    return out;
  }
  Certificate make(const Record& record, KeyType type = KeyType::ecdsa) {
    own_key_ = make_key(type, 2048, why_);
    Certificate made = make_certificate(record, own_key_.get(), authority_.get(), key_.get(), why_);
    EXPECT_TRUE(made) << why_;
    return made;
  }
  // X509_V_OK, or what a verifier at `when` says.
  int verify(X509* certificate, int purpose, std::int64_t when, X509_CRL* list = nullptr) {
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, authority_.get());
    if (list != nullptr) {
      X509_STORE_add_crl(store, list);
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, certificate, nullptr);
    X509_STORE_CTX_set_purpose(context, purpose);
    X509_STORE_CTX_set_time(context, 0, static_cast<std::time_t>(when));
    const int result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
  }
  std::string why_;
  Key key_, own_key_;
  Certificate authority_;
};

TEST_F(MadeCertificates, AClientsIsForClientsAndAServersForServers) {
  const Certificate client = make(record(Kind::client)), server = make(record(Kind::server));
  EXPECT_EQ(verify(client.get(), X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
  EXPECT_NE(verify(client.get(), X509_PURPOSE_SSL_SERVER, kNow), X509_V_OK);
  EXPECT_EQ(verify(server.get(), X509_PURPOSE_SSL_SERVER, kNow), X509_V_OK);
  EXPECT_NE(verify(server.get(), X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
}

TEST_F(MadeCertificates, ClocksMayBeAnHourLate) {
  const Certificate made = make(record(Kind::client));
  EXPECT_EQ(verify(made.get(), X509_PURPOSE_SSL_CLIENT, kNow - kBackdate), X509_V_OK);
  EXPECT_EQ(verify(made.get(), X509_PURPOSE_SSL_CLIENT, kNow - kBackdate - 1), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify(made.get(), X509_PURPOSE_SSL_CLIENT, kNow + 730 * kDay - 1), X509_V_OK);
  EXPECT_EQ(verify(made.get(), X509_PURPOSE_SSL_CLIENT, kNow + 730 * kDay + 1), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(valid_until(made.get()), kNow + 730 * kDay);
}

TEST_F(MadeCertificates, DatesBeyond2050AreRight) {
  Record far = record(Kind::client);
  far.until = 4'000'000'000; // 2096: GeneralizedTime (RFC 5280 section 4.1.2.5)
  EXPECT_EQ(valid_until(make(far).get()), far.until);
}

TEST_F(MadeCertificates, TheAuthorityMakesNoFurtherAuthorities) {
  const Certificate below = make(record(Kind::client));
  Record stranger = record(Kind::client);
  const Certificate forged = make_certificate(stranger, own_key_.get(), below.get(), own_key_.get(), why_);
  ASSERT_TRUE(forged);
  EXPECT_NE(verify(forged.get(), X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
  EXPECT_EQ(X509_check_ca(authority_.get()), 1);
  EXPECT_EQ(X509_get_pathlen(authority_.get()), 0);
}

TEST_F(MadeCertificates, TheListRevokesWhatStandsInItForTenYears) {
  Index index;
  index.revocations = 300; // more than one byte
  index.records = {record(Kind::client), record(Kind::client)};
  const Certificate lost = make(index.records[0]), kept = make(index.records[1]);
  index.records[0].revoked = kNow;
  const Revocations list = make_revocations(index, authority_.get(), key_.get(), kNow, why_);
  ASSERT_TRUE(list) << why_;
  const int client = X509_PURPOSE_SSL_CLIENT;
  EXPECT_EQ(verify(lost.get(), client, kNow, list.get()), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(kept.get(), client, kNow, list.get()), X509_V_OK);
  EXPECT_EQ(verify(kept.get(), client, kNow - kBackdate, list.get()), X509_V_OK) << "a late clock finds it valid already";
  const auto said = read_revocations(pem(list.get()), authority_.get());
  ASSERT_TRUE(said);
  EXPECT_EQ(said->number, 300U);
  EXPECT_FALSE(read_revocations(pem(authority_.get()), authority_.get()));
  EXPECT_FALSE(read_revocations("", authority_.get()));
  Record old = record(Kind::client);
  old.until = kNow + 4000 * kDay;
  const Certificate late = make(old);
  EXPECT_EQ(verify(late.get(), client, kNow + 3649 * kDay, list.get()), X509_V_OK);
  EXPECT_EQ(verify(late.get(), client, kNow + 3651 * kDay, list.get()), X509_V_ERR_CRL_HAS_EXPIRED);
}

TEST_F(MadeCertificates, AListOfAnotherAuthorityOfTheSameNameIsNotBelieved) {
  const Key other_key = make_key(KeyType::ecdsa, 0, why_);
  const Certificate other = make_authority(other_key.get(), "Branches of Novák", kNow, kNow + kDay, why_);
  const Revocations list = make_revocations(Index(), other.get(), other_key.get(), kNow, why_);
  ASSERT_TRUE(list);
  EXPECT_NE(verify(make(record(Kind::client)).get(), X509_PURPOSE_SSL_CLIENT, kNow, list.get()), X509_V_OK);
}

TEST_F(MadeCertificates, NamesAreWrittenAsWhatTheyAre) {
  Record many = record(Kind::server);
  many.sans = {"*.edge.lan", "192.168.0.5", "fd00::1", "a@b.cz", "urn:x:y"};
  const Certificate made = make(many, KeyType::rsa);
  EXPECT_EQ(X509_check_host(made.get(), "x.edge.lan", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(made.get(), "192.168.0.5", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(made.get(), "fd00::1", 0), 1);
  EXPECT_EQ(X509_check_email(made.get(), "a@b.cz", 0, 0), 1);
  EXPECT_EQ(X509_check_host(made.get(), "till", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr), 0);
  EXPECT_NE(X509_get_key_usage(made.get()) & KU_KEY_ENCIPHERMENT, 0U) << "RSA";
}

TEST_F(MadeCertificates, PemIsReadBack) {
  const Certificate made = make(record(Kind::client));
  const Certificate again = read_certificate(pem(made.get()), "ca.pem", why_);
  ASSERT_TRUE(again);
  EXPECT_EQ(X509_cmp(again.get(), made.get()), 0);
  const Key key = read_key(pem(own_key_.get()), "ca.key", why_);
  ASSERT_TRUE(key);
  EXPECT_EQ(X509_check_private_key(again.get(), key.get()), 1);
  EXPECT_FALSE(read_certificate("nothing", "ca.pem", why_));
  EXPECT_EQ(why_, "ca.pem: holds no PEM certificate");
  EXPECT_FALSE(read_certificate(pem(made.get()) + pem(made.get()), "ca.pem", why_));
  EXPECT_EQ(why_, "ca.pem: holds more than one certificate; a CA has one");
  EXPECT_FALSE(read_key(Secret("nothing"), "ca.key", why_));
  EXPECT_EQ(why_, "ca.key: holds no PEM private key");
}

TEST_F(MadeCertificates, BundlesOpenWithTheirPasswordOnly) {
  const Certificate made = make(record(Kind::client));
  for (const auto strength : {BundleStrength::modern, BundleStrength::legacy}) {
    const Secret bytes = make_bundle("till", made.get(), own_key_.get(), Secret("correct horse"), strength, why_);
    ASSERT_FALSE(bytes.text().empty()) << why_;
    const Bio in(BIO_new_mem_buf(bytes.text().data(), static_cast<int>(bytes.text().size())));
    const Pkcs12 bundle(d2i_PKCS12_bio(in.get(), nullptr));
    ASSERT_TRUE(bundle);
    EXPECT_EQ(PKCS12_verify_mac(bundle.get(), "correct horsf", -1), 0);
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    ASSERT_EQ(PKCS12_parse(bundle.get(), "correct horse", &key, &certificate, nullptr), 1);
    EXPECT_EQ(X509_cmp(certificate, made.get()), 0);
    EXPECT_EQ(EVP_PKEY_eq(key, own_key_.get()), 1);
    EVP_PKEY_free(key);
    X509_free(certificate);
    static_cast<void>(openssl_words());
  }
}

TEST(RandomSerial, Has128BitsAndIsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string serial = random_serial();
    EXPECT_EQ(serial.size(), 32U);
    EXPECT_EQ(plain_serial(serial), serial);
    EXPECT_TRUE(seen.insert(serial).second);
  }
}

TEST(RandomPassword, IsSixGroupsOfClearCharacters) {
  std::set<char> seen;
  for (int i = 0; i < 200; ++i) {
    const Secret password = random_password();
    ASSERT_EQ(password.text().size(), 35U);
    for (std::size_t at = 0; at < 35; ++at) {
      if (at % 6 == 5)
        EXPECT_EQ(password.text()[at], '-');
      else
        seen.insert(password.text()[at]);
    }
  }
  EXPECT_EQ(seen.size(), 29U);
  for (const char c : {'0', 'o', '1', 'l', 'i', 'u', 'v'}) EXPECT_FALSE(seen.contains(c)) << c;
}

TEST(SecretText, MovesAndLeavesNothing) {
  Secret first("word");
  const Secret second(std::move(first));
  EXPECT_EQ(second.text(), "word");
  EXPECT_EQ(first.text(), ""); // NOLINT(bugprone-use-after-move): that is the point
}

} // namespace
