#include "client/password_checks.h"

#include "../loop_world.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::client {
namespace {

std::string bcrypt(const std::string& password, unsigned long cost = 4) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  EXPECT_NE(crypt_gensalt_rn("$2b$", cost, nullptr, 0, setting, sizeof setting), nullptr);
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
    ask(checks_, asked, {user, password, hash_, {}, false});
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
  EXPECT_TRUE(checks_.remembers({"shop", "tajne", hash_, {}, false}, now));
  EXPECT_FALSE(checks_.remembers({"shop", "tajne", hash_, {}, false}, now + PasswordChecks::kRememberMs + 1'000));
  EXPECT_FALSE(checks_.remembers({"shop", "tajne", bcrypt("tajne"), {}, false}, now)) << "the hash was changed";
}

TEST_F(Checks, OneThatWaitsNoMoreIsNotWoken) {
  Asked gone(world_.loop);
  gone.wake.deadline_in(20'000);
  ask(checks_, gone, {"shop", "x", hash_, {}, false});
  gone.wake.halt();
  EXPECT_TRUE(gone.done);
  EXPECT_FALSE(gone.verdict.ok());
  EXPECT_TRUE(verdict("tajne"));
}

class Crowd : public Checks {
protected:
  Asked& ask_one(std::uint8_t from, const std::string& password, bool known = false, const std::string& user = "shop") {
    IpAddress ip;
    ip.bytes[0] = from;
    all_.push_back(std::make_unique<Asked>(world_.loop));
    all_.back()->wake.deadline_in(60'000);
    ask(checks_, *all_.back(), {user, password, hash_, ip, known});
    return *all_.back();
  }
  void TearDown() override {
    for (const auto& each : all_) EXPECT_TRUE(world_.until([&] { return each->done; }));
  }
  std::string wrong() { return "wrong " + std::to_string(all_.size()); }
  std::vector<std::unique_ptr<Asked>> all_;
};

TEST_F(Crowd, TheLineIsBounded) {
  std::size_t refused = 0;
  for (std::uint8_t i = 0; i < PasswordChecks::kLine + 40; ++i) {
    const Asked& asked = ask_one(i, wrong(), false, "user " + std::to_string(i));
    if (asked.done && !asked.verdict.ok() && asked.verdict.error().cause == Cause::no_capacity) ++refused;
  }
  EXPECT_GT(refused, 0U);
}

TEST_F(Crowd, OneAddressTakesAPartOfItOnly) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < PasswordChecks::kLine - 4; ++i) {
    const Asked& asked = ask_one(1, wrong(), false, "user " + std::to_string(i));
    if (asked.done && !asked.verdict.ok() && asked.verdict.error().cause == Cause::rate_limited) ++refused;
  }
  EXPECT_GT(refused, 0U);
  EXPECT_FALSE(ask_one(2, "tajne").done) << "another address finds room";
}

TEST_F(Crowd, WhoLoggedInLatelyGoesBeforeStrangers) {
  hash_ = bcrypt("tajne", 8); // slow enough for a line to form
  for (std::uint8_t i = 0; i < 20; ++i) ask_one(i, wrong(), false, "user " + std::to_string(i));
  Asked& mine = ask_one(200, "tajne", true);
  ASSERT_TRUE(world_.until([&] { return mine.done; }));
  ASSERT_TRUE(mine.verdict.ok());
  EXPECT_TRUE(*mine.verdict);
  EXPECT_FALSE(all_[19]->done) << "the strangers still wait";
}

TEST_F(Crowd, TheSameWrongPasswordAtOnceIsHashedOnce) {
  hash_ = bcrypt("tajne", 10);
  for (int i = 0; i < 300; ++i) EXPECT_FALSE(ask_one(1, "wrong", i % 2 == 0).done) << i;
  for (const auto& each : all_) {
    ASSERT_TRUE(world_.until([&] { return each->done; }));
    EXPECT_TRUE(each->verdict.ok() && !*each->verdict);
  }
  EXPECT_LT(checks_.made(), 100U) << "one, unless it was done before the last had asked";
}

TEST_F(Crowd, OneUserTakesAPartOfEitherLineOnly) {
  hash_ = bcrypt("tajne", 10);
  for (const bool known : {true, false}) {
    std::size_t refused = 0;
    for (std::uint8_t i = 0; i < 70; ++i) {
      const Asked& asked = ask_one(i, wrong(), known, "guesser");
      if (asked.done && !asked.verdict.ok() && asked.verdict.error().cause == Cause::rate_limited) ++refused;
    }
    EXPECT_GE(refused + checks_.made() + 1, 70 - PasswordChecks::kOfOneUser) << known << ", each that was made has left room";
    EXPECT_FALSE(ask_one(200, "tajne", known, known ? "other" : "stranger").done) << "another user finds room";
  }
}

TEST_F(Crowd, OneAddressTakesAPartOfTheKnownLineOnly) {
  hash_ = bcrypt("tajne", 10);
  std::size_t refused = 0;
  for (std::uint8_t i = 0; i < 70; ++i) {
    const Asked& asked = ask_one(1, wrong(), true, "user " + std::to_string(i));
    if (asked.done && !asked.verdict.ok() && asked.verdict.error().cause == Cause::rate_limited) ++refused;
  }
  EXPECT_GE(refused + checks_.made() + 1, 70 - PasswordChecks::kFromOneAddress);
  EXPECT_FALSE(ask_one(2, "tajne", true, "other").done);
}

TEST_F(Crowd, WhoAsksSeldomIsServedBeforeWhoAsksOften) {
  hash_ = bcrypt("tajne", 10);
  for (std::size_t i = 0; i < PasswordChecks::kOfOneUser; ++i) ask_one(1, wrong(), true, "guesser");
  Asked& mine = ask_one(2, "tajne", true, "other");
  ASSERT_TRUE(world_.until([&] { return mine.done; }));
  EXPECT_TRUE(mine.verdict.ok() && *mine.verdict);
  EXPECT_FALSE(all_[PasswordChecks::kOfOneUser - 1]->done) << "who fills the line still waits";
}

TEST_F(Crowd, StrangersHaveTheirTurnWhileTheKnownLineIsFull) {
  hash_ = bcrypt("tajne", 10);
  for (std::uint8_t i = 0; i < 40; ++i) ask_one(i, wrong(), true, "user " + std::to_string(i));
  Asked& mine = ask_one(200, "tajne", false, "stranger");
  ASSERT_TRUE(world_.until([&] { return mine.done; }));
  EXPECT_TRUE(mine.verdict.ok() && *mine.verdict);
  EXPECT_FALSE(all_[39]->done);
}

TEST_F(Crowd, WhoIsKnownTakesItsCheckAlongToTheFront) {
  hash_ = bcrypt("tajne", 10);
  for (std::uint8_t i = 0; i < 20; ++i) ask_one(i, wrong(), false, "user " + std::to_string(i));
  Asked& stranger = ask_one(100, "tajne", false, "shop");
  Asked& mine = ask_one(200, "tajne", true, "shop");
  ASSERT_TRUE(world_.until([&] { return mine.done; }));
  EXPECT_TRUE(stranger.done || world_.until([&] { return stranger.done; }));
  EXPECT_FALSE(all_[19]->done) << "the strangers still wait";
}

TEST_F(Crowd, TheSameRightPasswordAtOnceIsHashedOnce) {
  for (int i = 0; i < 10; ++i) ask_one(1, "tajne");
  for (const auto& each : all_) {
    ASSERT_TRUE(world_.until([&] { return each->done; }));
    EXPECT_TRUE(each->verdict.ok() && *each->verdict);
  }
  EXPECT_EQ(checks_.made(), 1U);
}

} // namespace
} // namespace ledgergate::client
