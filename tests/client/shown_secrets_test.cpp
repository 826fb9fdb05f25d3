#include "client/shown_secrets.h"

#include "../settings/temporary_directory.h"
#include "http/base64.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

namespace ledgergate::client {
namespace {

std::string in_base64(const std::string& text) {
  std::string out;
  http::append_base64(text, out);
  return out;
}

std::string in_percents(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0)
      out += c;
    else
      (out += '%').append({kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

class ShownSecrets : public testing::Test {
protected:
  ShownSecrets() {
    settings_.clients.resize(kKeys.size());
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      settings_.clients[i].name = "c" + std::to_string(i);
      settings_.clients[i].api_keys = {digest_of(kKeys[i])};
    }
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    EXPECT_NE(crypt_gensalt_rn("$2b$", 4, nullptr, 0, setting, sizeof setting), nullptr);
    crypt_data data{};
    settings_.users = {directory_.write("users", std::string("novakova:") + crypt_rn("x", setting, &data, sizeof data) + "\n")};
    ::chmod(settings_.users.back().c_str(), 0600);
    std::vector<std::string> errors, warnings;
    made_ = Directory::make(settings_, errors, warnings);
  }
  bool finds(const std::string& value, bool users = true) { return SecretSearch(*made_, users).finds_in(value); }

  // base64url, base64, hex, UUID.
  const std::vector<std::string> kKeys{"T_x6gJ-0aaX2wQh8yPq3vLmN4sRtUeWcKbZdFfGiHj",
                                       "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83v+/NFZ4k=", "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                                       "3f2504e0-4f89-11d3-9a0c-0305e82c3301"};
  tests::TemporaryDirectory directory_;
  settings::Settings settings_;
  std::shared_ptr<const Directory> made_;
};

TEST_F(ShownSecrets, AKeyIsFoundAsAWholeWordWhateverStandsAroundIt) {
  ASSERT_TRUE(made_);
  for (const std::string& key : kKeys) {
    const std::vector<std::string> texts = {key,
                                            "s=" + key,
                                            "\"" + key + "\"",
                                            "a " + key,
                                            "(" + key + ")",
                                            "[" + key + "]",
                                            "{\"key\":\"" + key + "\"}",
                                            "a|" + key,
                                            "shop;" + key,
                                            "shop," + key,
                                            "user=" + key,
                                            "shop:" + key,
                                            "shop:" + key + ":x",
                                            key + ":",
                                            "<key>" + key + "</key>",
                                            "key='" + key + "';",
                                            "[\"a\",\"" + key + "\"]",
                                            "a=1&key=" + key + "&b=2",
                                            "`" + key + "`",
                                            "a\\" + key,
                                            "a!" + key + "!",
                                            "a#" + key,
                                            "a$" + key,
                                            "a@" + key,
                                            "a*" + key,
                                            "a^" + key,
                                            "k=>" + key,
                                            "k:=" + key,
                                            "?" + key};
    for (const std::string& text : texts) {
      for (const std::string& form : {text, in_base64(text), in_percents(text), in_base64(in_base64(text)),
                                      in_percents(in_percents(text)), in_percents(in_base64(text)), in_base64(in_percents(text))})
        for (const std::string& value : {form, "Bearer " + form, "Basic " + form, "s=" + form, "a=b; s=" + form + "; c=d",
                                         "s=\"" + form + "\"", "(" + form + ")", "Token token=\"" + form + "\", n=1", "x|" + form})
          EXPECT_TRUE(finds(value)) << value;
    }
    EXPECT_TRUE(finds("Basic " + in_base64(std::string(1, '\0') + "shop" + std::string(1, '\0') + key))) << "as SASL's PLAIN";
    EXPECT_TRUE(finds(in_base64(key + "\n")));
    EXPECT_TRUE(finds("s=100%&t=" + in_percents("\"" + key + "\"") + "%")) << "beside a stray sign";
  }
}

TEST_F(ShownSecrets, ThreeLayersOfPercentsAreTakenOffAndNoMore) {
  for (const std::string& key : kKeys) {
    std::string first = "%" + std::string(1, "0123456789abcdef"[key[0] >> 4]) + "0123456789abcdef"[key[0] & 15];
    for (int layers = 1; layers <= 5; ++layers) {
      EXPECT_EQ(finds(first + key.substr(1)), layers <= 3) << key << ' ' << layers;
      first.insert(1, "25");
    }
  }
}

TEST_F(ShownSecrets, BehindManySmallPartsToo) {
  std::string cookies;
  for (int i = 0; i < 200; ++i) cookies += "c" + std::to_string(i) + "=v" + std::to_string(i) + "; ";
  EXPECT_FALSE(finds(cookies));
  EXPECT_TRUE(finds(cookies + "s=" + kKeys[0]));
  EXPECT_TRUE(finds(cookies + "s=\"" + kKeys[0] + "\""));
}

TEST_F(ShownSecrets, ThereIsABoundToTheWorkAndBeyondItAValueShowsOne) {
  std::string crumbs;
  for (int i = 0; i < 32'000; ++i) crumbs += "a,";
  SecretSearch search(*made_, true);
  EXPECT_TRUE(search.finds_in(crumbs));
  EXPECT_TRUE(search.finds_in("a"));
  EXPECT_FALSE(finds("a"));
}

TEST_F(ShownSecrets, AUserIsFoundByItsNameInAPair) {
  for (const std::string pair : {"novakova:old", "FIRMA\\Novakova:x", "novakova@firma:x"}) {
    for (const std::string& value :
         {pair, "Basic " + in_base64(pair), "(" + pair + ")", "s=" + in_percents("\"" + pair + "\""), "[" + pair + "]"})
      EXPECT_TRUE(finds(value)) << value;
    EXPECT_FALSE(finds("Basic " + in_base64(pair), false)) << pair;
  }
}

TEST_F(ShownSecrets, WhatIsNotTheirsStands) {
  for (const std::string& value :
       {std::string("novakova=1; b=2"), std::string("Digest username=\"novakova\""), "s=" + kKeys[0] + "x", "s=x" + kKeys[2],
        std::string("Negotiate YII="), "Basic " + in_base64("admin:1c"),
        std::string("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"), std::string()})
    EXPECT_FALSE(finds(value)) << value;
}

TEST(TakesCredentials, ByTheWordsInTheName) {
  for (const char* name :
       {"Authorization", "Proxy-Authorization", "STW-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "Authorization_",
        "X-Pass", "X-Pwd", "X-Login", "Session", "IBSession", "X-PASSWORD", "x_secret", "Credential", "X-Cred"})
    EXPECT_TRUE(takes_credentials(name)) << name;
  for (const char* name : {"Host", "Accept", "User-Agent", "Content-Type", "Pragma", "ke", "", "X-Request-ID"})
    EXPECT_FALSE(takes_credentials(name)) << name;
}

} // namespace
} // namespace ledgergate::client
