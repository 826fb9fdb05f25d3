#include "client/directory.h"

#include "../settings/temporary_directory.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <string>

namespace ledgergate::client {
namespace {

std::string bcrypt(const std::string& password, unsigned long cost = 4) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  EXPECT_NE(crypt_gensalt_rn("$2b$", cost, nullptr, 0, setting, sizeof setting), nullptr);
  crypt_data data{};
  return crypt_rn(password.c_str(), setting, &data, sizeof data);
}

class Clients : public testing::Test {
protected:
  settings::Client& add(const std::string& name) {
    settings_.clients.emplace_back();
    settings_.clients.back().name = name;
    return settings_.clients.back();
  }
  void users(const std::string& text) {
    settings_.users.push_back(directory_.write("users", text));
    ::chmod(settings_.users.back().c_str(), 0600);
  }
  std::shared_ptr<const Directory> make() { return Directory::make(settings_, errors_, warnings_); }
  tests::TemporaryDirectory directory_;
  settings::Settings settings_;
  std::vector<std::string> errors_, warnings_;
};

TEST_F(Clients, AreFoundByTheDigestOfTheirKeyAlsoWhileItIsRotated) {
  add("other").api_keys = {digest_of("x")};
  add("shop").api_keys = {digest_of("old"), digest_of("new")};
  const auto made = make();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->by_key(digest_of("old")), 1U);
  EXPECT_EQ(made->by_key(digest_of("new")), 1U);
  EXPECT_EQ(made->by_key(digest_of("x")), 0U);
  EXPECT_EQ(made->by_key(digest_of("")), std::nullopt);
}

TEST_F(Clients, OfAFileOfUsersThatCanNotBeReadNobodyKnowsWhoStandsInIt) {
  settings_.users.push_back((directory_.path() / "absent").string());
  add("shop").user = "novakova";
  EXPECT_FALSE(make());
  ASSERT_EQ(errors_.size(), 1U) << errors_[1];
  EXPECT_NE(errors_[0].find("absent"), std::string::npos) << errors_[0];
}

TEST_F(Clients, AKeyIsFoundAmongMany) {
  for (int i = 0; i < 300; ++i) add("c" + std::to_string(i)).api_keys = {digest_of("key" + std::to_string(i))};
  const auto made = make();
  ASSERT_TRUE(made);
  for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(made->by_key(digest_of("key" + std::to_string(i))), i);
  EXPECT_EQ(made->by_key(digest_of("key300")), std::nullopt);
}

TEST_F(Clients, ANameIsKnownInAnyCaseAndCharacterSetAlsoWhereNoClientHasIt) {
  users("Nováková:" + bcrypt("x") + "\nnobodys:" + bcrypt("y") + "\n");
  add("desk").user = "Nováková";
  const auto made = make();
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->has_secrets());
  for (const char* name :
       {"Nováková", "NOVÁKOVÁ", "novakova", "Nov\xE1kov\xE1", "NOV\xC1KOV\xC1", "nova\u0301kova\u0301", " nobodys", "NOBODYS"})
    EXPECT_TRUE(made->has_user(name)) << name;
  for (const char* name : {"", " ", "novak", "novakovaa", "nobody"}) EXPECT_FALSE(made->has_user(name)) << name;
  EXPECT_FALSE(made->by_user("novakova").client) << "to log in it must be spelt as it is";
}

TEST_F(Clients, ADigestIsSha256) {
  // FIPS 180-2, appendix B.1.
  const Digest abc = digest_of("abc");
  EXPECT_EQ(abc[0], 0xba);
  EXPECT_EQ(abc[1], 0x78);
  EXPECT_EQ(abc[31], 0xad);
}

TEST_F(Clients, AreFoundByAllThatTheirCertificateMustSay) {
  add("till").certificate = settings::CertificateMatch{{"till.brno.example.cz", "spare.example.cz"}, "", std::nullopt};
  add("named").certificate = settings::CertificateMatch{{}, "CN=praha,O=Firma", std::nullopt};
  add("pinned").certificate = settings::CertificateMatch{{}, "", Digest{1, 2, 3}};
  add("both").certificate = settings::CertificateMatch{{"x.example.cz"}, "CN=x", std::nullopt};
  const auto made = make();
  ASSERT_TRUE(made);
  PeerCertificate shown;
  EXPECT_EQ(made->by_certificate(shown), std::nullopt);
  shown.sans = {"spare.example.cz"};
  EXPECT_EQ(made->by_certificate(shown), 0U);
  shown.sans = {"x.example.cz"};
  EXPECT_EQ(made->by_certificate(shown), std::nullopt) << "the subject is missing";
  shown.subject = "CN=x";
  EXPECT_EQ(made->by_certificate(shown), 3U);
  shown = {};
  shown.subject = "CN=praha,O=Firma";
  EXPECT_EQ(made->by_certificate(shown), 1U);
  shown.subject = "CN=praha,O=Firma2";
  EXPECT_EQ(made->by_certificate(shown), std::nullopt);
  shown.sha256 = {1, 2, 3};
  EXPECT_EQ(made->by_certificate(shown), 2U);
}

TEST_F(Clients, ACertificateOfTwoIsNobodys) {
  add("till").certificate = settings::CertificateMatch{{"till.brno.example.cz"}, "", std::nullopt};
  add("named").certificate = settings::CertificateMatch{{}, "CN=till", std::nullopt};
  const auto made = make();
  ASSERT_TRUE(made);
  PeerCertificate shown;
  shown.sans = {"till.brno.example.cz"};
  EXPECT_EQ(made->by_certificate(shown), 0U);
  shown.subject = "CN=till";
  EXPECT_EQ(made->by_certificate(shown), std::nullopt);
}

TEST_F(Clients, KnownByAddressAloneAreFoundByTheNarrowestNetwork) {
  add("lan").from = {*Cidr::parse("192.168.0.0/16")};
  add("till").from = {*Cidr::parse("192.168.7.0/24")};
  auto& shop = add("shop");
  shop.from = {*Cidr::parse("10.0.0.0/8")};
  shop.api_keys = {digest_of("x")};
  const auto made = make();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->by_address(*IpAddress::parse("192.168.7.1")), 1U);
  EXPECT_EQ(made->by_address(*IpAddress::parse("192.168.8.1")), 0U);
  EXPECT_EQ(made->by_address(*IpAddress::parse("10.0.0.1")), std::nullopt) << "it has a key to show";
}

TEST_F(Clients, AnUnknownUserHasAHashToVerifyToo) {
  add("shop").user = "eshop";
  users("eshop:" + bcrypt("tajne") + "\nunused:" + bcrypt("x") + "\n");
  const auto made = make();
  ASSERT_TRUE(made);
  const auto known = made->by_user("eshop");
  EXPECT_EQ(known.client, 0U);
  EXPECT_TRUE(verify_password("tajne", *known.hash));
  const auto unknown = made->by_user("nobody");
  EXPECT_EQ(unknown.client, std::nullopt);
  ASSERT_NE(unknown.hash, nullptr);
  EXPECT_EQ(unknown.hash->size(), known.hash->size());
  EXPECT_FALSE(verify_password("tajne", *unknown.hash));
  EXPECT_EQ(made->by_user("unused").client, std::nullopt) << "no client has this user";
  ASSERT_EQ(warnings_.size(), 1U);
}

TEST_F(Clients, UnknownUsersCostWhatSomeKnownUserCosts) {
  add("cheap").user = "cheap";
  add("dear").user = "dear";
  users("cheap:" + bcrypt("x") + "\ndear:" + bcrypt("x", 5) + "\n");
  const auto made = make();
  ASSERT_TRUE(made);
  std::set<std::string> costs;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "nobody " + std::to_string(i);
    const std::string cost = made->by_user(name).hash->substr(0, 7);
    EXPECT_EQ(cost, made->by_user(name).hash->substr(0, 7)) << "the same each time it is tried";
    costs.insert(cost);
  }
  EXPECT_EQ(costs, (std::set<std::string>{"$2b$04$", "$2b$05$"})) << "a kind of its own would tell that there is no such user";
}

TEST_F(Clients, AUserThatNoFileHasIsAnError) {
  add("shop").user = "eshop";
  users("other:" + bcrypt("x") + "\n");
  EXPECT_EQ(make(), nullptr);
  ASSERT_EQ(errors_.size(), 1U);
  EXPECT_NE(errors_[0].find("shop"), std::string::npos);
}

} // namespace
} // namespace ledgergate::client
