#include "upstream/resolver.h"

#include "../loop_world.h"
#include "name_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::upstream::tests {
namespace {

struct Asker {
  explicit Asker(io::Loop& loop) : wake(loop) {}
  io::Wake wake;
  std::optional<Result<Addresses>> answer;
  [[nodiscard]] std::string text() const {
    if (!answer) return "waiting";
    if (!*answer) return std::string(describe(answer->error().cause).name);
    std::string all;
    for (const IpAddress& each : **answer) all += (all.empty() ? "" : " ") + each.text();
    return all;
  }
};

io::Detached ask(Resolver& resolver, Asker& asker, const std::string& host, io::TimeMs fresh_for) {
  auto answer = co_await resolver.resolve(asker.wake, host, fresh_for);
  asker.answer.emplace(std::move(answer));
}

struct ResolverTest : ::testing::Test, ledgergate::tests::LoopWorld {
  ~ResolverTest() override { NameService::forget(); }

  std::string answer_of(const std::string& host, io::TimeMs fresh_for = 1'000'000) {
    Asker asker(loop);
    ask(resolver, asker, host, fresh_for);
    EXPECT_TRUE(until([&] { return asker.answer.has_value(); }));
    return asker.text();
  }

  Resolver resolver{loop};
};

TEST_F(ResolverTest, AnAddressIsItsOwnAnswer) {
  Asker asker(loop);
  ask(resolver, asker, "192.0.2.7", 1000);
  EXPECT_EQ(asker.text(), "192.0.2.7") << "at once, without a turn of the loop";
  Asker other(loop);
  ask(resolver, other, "2001:db8::1", 1000);
  EXPECT_EQ(other.text(), "2001:db8::1");
  EXPECT_EQ(NameService::asked("192.0.2.7"), 0);
}

TEST_F(ResolverTest, ANameHasAllItsAddressesOnceEachInTheirOrder) {
  NameService::says("pohoda.lan", {"192.0.2.2", "2001:db8::2", "192.0.2.1", "192.0.2.2"});
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.2 2001:db8::2 192.0.2.1");
}

TEST_F(ResolverTest, ManyWhoAskTogetherAreOneQuery) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  NameService::hold();
  std::vector<std::unique_ptr<Asker>> askers;
  const std::string host = "pohoda.lan";
  for (int i = 0; i < 20; ++i) {
    askers.push_back(std::make_unique<Asker>(loop));
    ask(resolver, *askers.back(), host, 1000);
  }
  EXPECT_EQ(askers.back()->text(), "waiting");
  NameService::release();
  ASSERT_TRUE(until([&] { return askers.back()->answer.has_value(); }));
  for (const auto& asker : askers) EXPECT_EQ(asker->text(), "192.0.2.1");
  EXPECT_EQ(NameService::asked(host), 1);
}

TEST_F(ResolverTest, AnAnswerIsKeptWhileItIsFresh) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.1");
  NameService::says("pohoda.lan", {"192.0.2.9"});
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.1");
  EXPECT_EQ(NameService::asked("pohoda.lan"), 1);
}

TEST_F(ResolverTest, AnOldAnswerIsUsedAtOnceWhileANewOneIsOnItsWay) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.1");
  NameService::says("pohoda.lan", {"192.0.2.9"});
  Asker asker(loop);
  const std::string host = "pohoda.lan";
  ask(resolver, asker, host, 0);
  EXPECT_EQ(asker.text(), "192.0.2.1") << "nobody waits for what is known already";
  ASSERT_TRUE(until([&] { return answer_of("pohoda.lan") == "192.0.2.9"; }));
}

TEST_F(ResolverTest, HoweverManyNamesHangTheOthersAreAnswered) {
  std::vector<std::string> dead;
  for (int i = 0; i < 40; ++i) NameService::hold(dead.emplace_back("dead" + std::to_string(i) + ".lan"));
  NameService::says("pohoda.lan", {"192.0.2.1"});
  std::vector<std::unique_ptr<Asker>> waiting;
  for (const std::string& host : dead) ask(resolver, *waiting.emplace_back(std::make_unique<Asker>(loop)), host, 1000);
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.1");
  for (const auto& each : waiting) EXPECT_EQ(each->text(), "waiting");
  ASSERT_TRUE(
      until([&] { return std::all_of(dead.begin(), dead.end(), [](const auto& host) { return NameService::asked(host) == 1; }); }));
  NameService::release();
  ASSERT_TRUE(until(
      [&] { return std::all_of(waiting.begin(), waiting.end(), [](const auto& each) { return each->answer.has_value(); }); }));
  for (const auto& each : waiting) EXPECT_EQ(each->text(), "dns_error");
}

TEST_F(ResolverTest, ANameThatCannotBeResolvedIsADnsError) { EXPECT_EQ(answer_of("nobody.lan"), "dns_error"); }

// A name server that is down is slow, and needs no flood.
TEST_F(ResolverTest, ANameThatFailedJustNowIsNotAskedForAgain) {
  EXPECT_EQ(answer_of("nobody.lan"), "dns_error");
  Asker asker(loop);
  const std::string host = "nobody.lan";
  ask(resolver, asker, host, 0);
  EXPECT_EQ(asker.text(), "dns_error") << "at once, without a turn of the loop";
  EXPECT_EQ(NameService::asked(host), 1);
}

TEST_F(ResolverTest, AGoodAnswerIsKeptWhenTheNameServerFails) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  EXPECT_EQ(answer_of("pohoda.lan"), "192.0.2.1");
  NameService::says("pohoda.lan", {});
  EXPECT_EQ(answer_of("pohoda.lan", 0), "192.0.2.1");
  ASSERT_TRUE(until([&] { return NameService::asked("pohoda.lan") == 2; }));
  settle(); // the failure has arrived
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answer_of("pohoda.lan", 0), "192.0.2.1");
}

TEST_F(ResolverTest, AnAnswerThatTakesTooLongIsATimeOutForWhoWaited) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  NameService::hold();
  auto hurried = std::make_unique<Asker>(loop);
  Asker patient(loop);
  const std::string host = "pohoda.lan";
  hurried->wake.deadline_in(1);
  ask(resolver, *hurried, host, 1000);
  ask(resolver, patient, host, 1000);
  ASSERT_TRUE(until([&] { return hurried->answer.has_value(); }));
  EXPECT_EQ(hurried->text(), "dns_timeout");
  hurried.reset(); // its story is over: the answer must not look for it
  NameService::release();
  ASSERT_TRUE(until([&] { return patient.answer.has_value(); }));
  EXPECT_EQ(patient.text(), "192.0.2.1");
}

TEST(ResolverEnd, AnAnswerThatComesAfterTheResolverIsGoneIsDropped) {
  ledgergate::tests::LoopWorld world;
  NameService::hold();
  {
    Resolver resolver(world.loop);
    Asker asker(world.loop);
    const std::string host = "pohoda.lan";
    asker.wake.deadline_in(1);
    ask(resolver, asker, host, 1000);
    ASSERT_TRUE(world.until([&] { return asker.answer.has_value(); }));
  }
  world.loop.stop();
  uv_run(world.loop.uv(), UV_RUN_DEFAULT); // nothing of it keeps the loop from its end
  NameService::forget();
}

// One story has one wake for all that it waits for: what was meant for something else must not make it wait twice.
TEST_F(ResolverTest, AnAnswerToSomethingElseIsNotTheName) {
  NameService::says("pohoda.lan", {"192.0.2.1"});
  NameService::hold();
  Asker asker(loop);
  ask(resolver, asker, "pohoda.lan", 1'000'000);
  asker.wake.raise(io::kAnswer);
  EXPECT_EQ(asker.text(), "waiting");
  NameService::release();
  ASSERT_TRUE(until([&] { return asker.answer.has_value(); }));
  EXPECT_EQ(asker.text(), "192.0.2.1");
  EXPECT_FALSE(asker.wake.pending(io::kAnswer)) << "it was told twice";
}

} // namespace
} // namespace ledgergate::upstream::tests
