#include "client/htpasswd.h"

#include "../settings/temporary_directory.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <unistd.h>

namespace ledgergate::client {
namespace {

std::string hash(const std::string& password, const char* prefix, unsigned long cost) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  EXPECT_NE(crypt_gensalt_rn(prefix, cost, nullptr, 0, setting, sizeof setting), nullptr);
  crypt_data data{};
  return crypt_rn(password.c_str(), setting, &data, sizeof data);
}

class Htpasswd : public testing::Test {
protected:
  std::string write(const std::string& text, mode_t mode = 0640) {
    const std::string path = (directory_.path() / "users").string();
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  tests::TemporaryDirectory directory_;
  Passwords users_;
  std::vector<std::string> why_;
};

TEST_F(Htpasswd, KnowsBcryptYescryptAndSha512) {
  const auto path = write("# the shop\nshop:" + hash("tajné heslo", "$2b$", 4) + "\n\nnovák:" + hash("b", "$y$", 1) +
                          "\r\nthird:" + hash("c", "$6$", 1000) + "\n");
  ASSERT_TRUE(read_htpasswd(path, users_, why_)) << why_.front();
  ASSERT_EQ(users_.size(), 3U);
  EXPECT_EQ(users_[0].first, "shop");
  EXPECT_TRUE(verify_password("tajné heslo", users_[0].second));
  EXPECT_TRUE(verify_password("b", users_[1].second));
  EXPECT_TRUE(verify_password("c", users_[2].second));
  for (const auto& [user, stored] : users_) {
    EXPECT_FALSE(verify_password("", stored));
    EXPECT_FALSE(verify_password("x", stored));
    EXPECT_FALSE(verify_password(std::string("b\0x", 3), stored));
  }
}

TEST_F(Htpasswd, BcryptOfApacheIsTheSame) {
  std::string apache = hash("a", "$2b$", 4);
  apache[2] = 'y'; // what `htpasswd -B` writes
  ASSERT_TRUE(read_htpasswd(write("shop:" + apache + "\n"), users_, why_));
  EXPECT_TRUE(verify_password("a", users_[0].second));
}

TEST_F(Htpasswd, RefusesWeakHashesByLineAndNeverPrintsThem) {
  const auto path =
      write("a:$apr1$abcdefgh$0123456789012345678901\nb:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nc:plain-secret\nd:rqXexS6ZhobKA\n");
  EXPECT_FALSE(read_htpasswd(path, users_, why_));
  ASSERT_EQ(why_.size(), 4U);
  for (std::size_t i = 0; i < why_.size(); ++i) {
    EXPECT_NE(why_[i].find("users:" + std::to_string(i + 1) + ":"), std::string::npos) << why_[i];
    EXPECT_EQ(why_[i].find("plain-secret"), std::string::npos);
    EXPECT_EQ(why_[i].find("apr1"), std::string::npos);
  }
  EXPECT_TRUE(users_.empty());
}

TEST_F(Htpasswd, RefusesWhatIsNoUserTwiceAndTooDear) {
  const std::string good = hash("a", "$2b$", 4);
  std::string dear = good;
  dear.replace(4, 2, "20");
  EXPECT_FALSE(read_htpasswd(write("no-colon\n:" + good + "\nx:" + good + "\nx:" + good + "\ny:" + dear + "\nz:$2b$04$short\n"),
                             users_, why_));
  EXPECT_EQ(why_.size(), 5U);
  EXPECT_EQ(users_.size(), 1U);
}

TEST_F(Htpasswd, AFileThatEverybodyCanReadIsRefused) {
  EXPECT_FALSE(read_htpasswd(write("x:" + hash("a", "$2b$", 4) + "\n", 0644), users_, why_));
  ASSERT_EQ(why_.size(), 1U);
  EXPECT_NE(why_[0].find(::geteuid() == 0 ? "run: chown root:ledgergate " : "run: chmod 600 "), std::string::npos) << why_[0];
  why_.clear();
  EXPECT_FALSE(read_htpasswd((directory_.path() / "none").string(), users_, why_));
  EXPECT_EQ(why_.size(), 1U);
}

TEST_F(Htpasswd, TheHashOfNothingCostsTheSameAndIsNobodys) {
  for (const std::string& stored : {hash("a", "$2b$", 4), hash("a", "$y$", 1), hash("a", "$6$", 1000)}) {
    const std::string nothing = hash_of_nothing(stored);
    EXPECT_EQ(nothing.substr(0, 20), stored.substr(0, 20));
    EXPECT_FALSE(verify_password("a", nothing));
    crypt_data data{};
    EXPECT_NE(crypt_rn("a", nothing.c_str(), &data, sizeof data), nullptr) << "it must really be computed";
  }
}

} // namespace
} // namespace ledgergate::client
