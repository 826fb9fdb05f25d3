#include "upstream/health.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>

namespace ledgergate::upstream::tests {
namespace {

settings::Server server() {
  settings::Server made;
  made.name = "pohoda";
  made.health.fall = 2;
  made.health.rise = 2;
  return made;
}

void take_down(Health& health) {
  for (int i = 0; i < 2; ++i) health.unreached(Cause::connect_refused);
}

TEST(Health, RefusesWithTheReasonWhileItIsDown) {
  Health health(server());
  EXPECT_FALSE(health.unavailable());
  take_down(health);
  EXPECT_TRUE(health.unavailable());
  EXPECT_EQ(health.refusal().cause, Cause::server_down);
  EXPECT_EQ(health.refusal().detail, "connect_refused");
  EXPECT_EQ(health.retry_after(), 10U);
  health.answered({});
  EXPECT_TRUE(health.unavailable());
  health.answered({});
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, OnlyWhatKeepsARequestFromTheServerCounts) {
  Health health(server());
  for (int i = 0; i < 9; ++i) {
    health.unreached(Cause::upstream_certificate);
    health.unreached(Cause::out_of_memory);
    health.unreached(Cause::no_capacity);
    health.unanswered("reply_timeout"); // nobody asked for answers
  }
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, AConnectionInBetweenBeginsAnew) {
  Health health(server());
  for (int i = 0; i < 9; ++i) {
    health.unreached(Cause::connect_timeout);
    health.reached();
  }
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, AskedAllTheTimeItMustAnswer) {
  auto active = server();
  active.health.active = true;
  Health health(active);
  for (int i = 0; i < 2; ++i) {
    health.unanswered("reply_timeout");
    health.reached();
  }
  EXPECT_TRUE(health.unavailable());
}

TEST(Health, OffKnowsNothing) {
  auto off = server();
  Health health(off);
  take_down(health);
  off.health.enabled = false;
  health.set(off.health);
  EXPECT_FALSE(health.unavailable());
  take_down(health);
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, AReloadKeepsWhatIsKnown) {
  Health health(server());
  take_down(health);
  auto other = server();
  other.health.rise = 1;
  health.set(other.health);
  EXPECT_TRUE(health.unavailable());
  health.answered({});
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, UntilTheCompanyIsKnownNothingGoesThere) {
  auto checked = server();
  checked.health.year = "2026";
  Health health(checked);
  EXPECT_TRUE(health.unavailable());
  EXPECT_TRUE(health.company_unknown());
  health.company(true, "year 2026");
  EXPECT_FALSE(health.unavailable());
  health.company(false, "year 2025");
  EXPECT_TRUE(health.unavailable());
  EXPECT_EQ(health.refusal().detail, "it is open on another company");
  health.company(true, "year 2026");

  health.set(checked.health);
  EXPECT_FALSE(health.unavailable()) << "the same is asked for still";
  checked.health.year = "2027";
  health.set(checked.health);
  EXPECT_TRUE(health.unavailable()) << "something else is";
  checked.health.year.clear();
  health.set(checked.health);
  EXPECT_FALSE(health.unavailable());
  health.company(false, "of a question from before");
  EXPECT_FALSE(health.unavailable());
}

TEST(Health, WhoStartsItAgainMayOpenAnotherCompany) {
  auto checked = server();
  checked.health.company = "Novák";
  Health health(checked);
  health.company(true, "Novák");
  take_down(health);
  for (int i = 0; i < 2; ++i) health.answered({});
  EXPECT_FALSE(health.down());
  EXPECT_TRUE(health.company_unknown());
  EXPECT_TRUE(health.unavailable());
}

struct HealthWatchers : ::testing::Test, ledgergate::tests::LoopWorld {
  Health health{server()};
  io::Wake wake{loop};
};

TEST_F(HealthWatchers, AreToldOfEachChange) {
  const Health::Watcher told(health, wake);
  health.unreached(Cause::connect_refused);
  settle();
  EXPECT_FALSE(wake.pending(io::kAnswer));
  health.unreached(Cause::connect_refused);
  settle();
  EXPECT_TRUE(wake.pending(io::kAnswer));
  wake.forget(io::kAnswer);
  health.answered({});
  health.answered({});
  settle();
  EXPECT_TRUE(wake.pending(io::kAnswer));
}

TEST_F(HealthWatchers, WhoHasLeftIsNot) {
  auto gone = std::make_unique<io::Wake>(loop);
  auto told = std::make_unique<Health::Watcher>(health, *gone);
  take_down(health);
  told.reset();
  gone.reset();
  settle();
}

TEST(Health, IsOneForAllThreads) {
  Health health(server());
  std::array<std::thread, 3> threads;
  for (auto& thread : threads)
    thread = std::thread([&] {
      for (int i = 0; i < 2000; ++i) {
        health.unreached(Cause::connect_refused);
        health.reached();
        if (health.unavailable()) health.answered({});
        if (health.unavailable()) static_cast<void>(health.refusal());
      }
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 2; ++i) health.answered({});
  EXPECT_FALSE(health.unavailable());
}

} // namespace
} // namespace ledgergate::upstream::tests
