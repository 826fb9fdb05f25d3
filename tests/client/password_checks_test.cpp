#include "client/password_checks.h"

#include "../loop_world.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::client {
namespace {

std::string bcrypt(const std::string& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  EXPECT_NE(crypt_gensalt_rn("$2b$", 4, nullptr, 0, setting, sizeof setting), nullptr);
  crypt_data data{};
  return crypt_rn(password.c_str(), setting, &data, sizeof data);
}

struct Asked {
  explicit Asked(io::Loop& loop) : wake(loop) {}
  io::Wake wake;
  bool done = false;
  Result<bool> verdict = false;
};

io::Detached ask(PasswordChecks& checks, Asked& asked, PasswordChecks::Login login) {
  asked.verdict = co_await checks.verify(asked.wake, login);
  asked.done = true;
}

class Checks : public testing::Test {
protected:
  tests::LoopWorld world_;
  PasswordChecks checks_;
  std::string hash_ = bcrypt("tajne");
  bool verdict(const std::string& password, const std::string& user = "shop") {
    Asked asked(world_.loop);
    asked.wake.deadline_in(20'000);
    ask(checks_, asked, {user, password, hash_});
    EXPECT_TRUE(world_.until([&] { return asked.done; }));
    EXPECT_TRUE(asked.verdict.ok());
    return asked.verdict.ok() && *asked.verdict;
  }
};

TEST_F(Checks, TellRightFromWrong) {
  EXPECT_TRUE(verdict("tajne"));
  EXPECT_FALSE(verdict("Tajne"));
}

TEST_F(Checks, RememberWhatWasRightAndOnlyThat) {
  EXPECT_TRUE(verdict("tajne"));
  EXPECT_TRUE(verdict("tajne"));
  EXPECT_EQ(checks_.made(), 1U);
  EXPECT_FALSE(verdict("wrong"));
  EXPECT_FALSE(verdict("wrong"));
  EXPECT_EQ(checks_.made(), 3U);
  EXPECT_TRUE(verdict("tajne", "other")) << "another user's pair is another";
  EXPECT_EQ(checks_.made(), 4U);
}

TEST_F(Checks, ForgetAfterAMinute) {
  EXPECT_TRUE(verdict("tajne"));
  const auto now = static_cast<std::int64_t>(uv_hrtime() / 1'000'000);
  EXPECT_TRUE(checks_.remembers({"shop", "tajne", hash_}, now));
  EXPECT_FALSE(checks_.remembers({"shop", "tajne", hash_}, now + PasswordChecks::kRememberMs + 1'000));
  EXPECT_FALSE(checks_.remembers({"shop", "tajne", bcrypt("tajne")}, now)) << "the hash was changed";
}

TEST_F(Checks, OneThatWaitsNoMoreIsNotWoken) {
  Asked gone(world_.loop);
  gone.wake.deadline_in(20'000);
  ask(checks_, gone, {"shop", "x", hash_});
  gone.wake.halt();
  EXPECT_TRUE(gone.done);
  EXPECT_FALSE(gone.verdict.ok());
  EXPECT_TRUE(verdict("tajne"));
}

TEST_F(Checks, TheLineIsBounded) {
  std::vector<std::unique_ptr<Asked>> all;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < PasswordChecks::kLine + 40; ++i) {
    all.push_back(std::make_unique<Asked>(world_.loop));
    all.back()->wake.deadline_in(60'000);
    ask(checks_, *all.back(), {"shop", "wrong " + std::to_string(i), hash_});
    if (all.back()->done) ++refused;
  }
  EXPECT_GT(refused, 0U);
  for (const auto& each : all) EXPECT_TRUE(world_.until([&] { return each->done; }));
}

} // namespace
} // namespace ledgergate::client
