// What a table is worth when there was no memory for a new entry: as much as before.
#include "../allocations.h"
#include "../loop_world.h"

#include "client/address_table.h"
#include "client/directory.h"
#include "client/lockout.h"
#include "client/meters.h"
#include "client/password_checks.h"
#include "client/recent.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ledgergate::client {
namespace {

using ledgergate::tests::fail_each;
using ledgergate::tests::NoMemory;

std::string name(int number) {
  return "an account with a name that is longer than a string keeps in itself " + std::to_string(number);
}

using Table = Recent<std::string, int>;

std::unique_ptr<Table> table(int entries) {
  auto made = std::make_unique<Table>(3);
  for (int i = 0; i < entries; ++i) made->touch(name(i)) = i;
  return made;
}

// Every entry is there, and in the order in which they go.
void expect_whole(Table& table, int entries) {
  EXPECT_EQ(table.size(), static_cast<std::size_t>(entries));
  for (int i = 0; i < entries; ++i) {
    ASSERT_NE(table.find(name(i)), nullptr);
    EXPECT_EQ(*table.find(name(i)), i);
  }
  for (int i = 0; i < 3; ++i) {
    table.touch(name(100 + i)) = 100 + i;
    EXPECT_LE(table.size(), 3U);
    if (i + entries >= 3) {
      EXPECT_EQ(table.find(name(i + entries - 3)), nullptr) << "the one touched longest ago goes first";
    }
  }
  for (int i = 0; i < 3; ++i) table.erase(name(100 + i));
  EXPECT_EQ(table.size(), 0U);
}

TEST(NoMemory, AnEntryThatCouldNotBeMadeIsNotThere) {
  for (const int entries : {0, 1, 3}) {
    const std::size_t failures = fail_each([&] { return table(entries); }, [&](auto& made) { made->touch(name(9)) = 9; },
                                           [&](auto& made, bool threw) {
                                             EXPECT_TRUE(threw);
                                             EXPECT_EQ(made->find(name(9)), nullptr);
                                             expect_whole(*made, entries);
                                           });
    EXPECT_GE(failures, 2U) << "the entry, and its place among the others";
  }
}

TEST(NoMemory, AnEntryThatIsKnownIsTouchedWithoutAny) {
  const auto made = table(3);
  const std::string known = name(0);
  const NoMemory none(0);
  made->touch(known) = 5;
  EXPECT_FALSE(none.failed());
}

TEST(NoMemory, AnAddressThatCanNotBeNotedHasTheMeterOfAllSuch) {
  const IpAddress known = *IpAddress::parse("192.0.2.1");
  const IpAddress fresh = *IpAddress::parse("192.0.2.2");
  const auto make = [&] {
    auto made = std::make_unique<AddressTable>(16'000);
    static_cast<void>(made->hold(known));
    return made;
  };
  const Meter* meter = nullptr;
  const std::size_t failures = fail_each(
      make,
      [&](auto& made) {
        const auto hold = made->hold(fresh);
        meter = hold.meter();
      },
      [&](auto& made, bool threw) {
        EXPECT_FALSE(threw);
        EXPECT_NE(meter, nullptr);
        EXPECT_EQ(made->size(), 1U);
        const auto again = made->hold(fresh);
        EXPECT_NE(again.meter(), meter) << "it has its own as soon as there is memory";
        EXPECT_EQ(made->size(), 2U);
      });
  EXPECT_GE(failures, 2U);
}

TEST(NoMemory, AMeterThatCouldNotBeMadeIsMadeTheNextTime) {
  const std::size_t failures =
      fail_each([] { return std::make_unique<Meters>(); }, [](auto& made) { static_cast<void>(made->of(name(1))); },
                [](auto& made, bool threw) {
                  EXPECT_TRUE(threw);
                  EXPECT_NE(made->of(name(1)), nullptr);
                  EXPECT_EQ(made->of(name(1)), made->of(name(1)));
                });
  EXPECT_GE(failures, 2U);
}

// Of a login that could not be noted nothing is: neither a failure that counts, nor a ban that nobody keeps to, nor a guess that is
// for ever on its way; and what was noted of others stands.
TEST(NoMemory, ALoginThatCouldNotBeNotedLeavesTheLockOutAsItWas) {
  const IpAddress known = *IpAddress::parse("192.0.2.1"), fresh = *IpAddress::parse("192.0.2.2");
  const settings::Lockout rules = [] {
    settings::Lockout made;
    made.enabled = true;
    made.failures = 2;
    return made;
  }();
  const Nanos now = 1'000'000'000;
  const std::string account = "one that is not kept in the string itself", other = "another that is not kept in the string itself";
  const auto fail = [&](Lockout& lockout, const IpAddress& ip, const std::string& whose) {
    Lockout::Guess guess;
    const Lockout::Login login{ip, {}, whose, "a secret"};
    if (lockout.begin(rules, login, now, guess).verdict != Lockout::Verdict::go_on) return Lockout::Failure{};
    return guess.fail(rules, now);
  };
  const std::size_t failures = fail_each(
      [&] {
        auto made = std::make_unique<Lockout>();
        fail(*made, known, account);
        return made;
      },
      [&](auto& made) {
        fail(*made, fresh, other);
        fail(*made, fresh, other);
      },
      [&](auto& made, bool threw) {
        if (!threw) { // OpenSSL can do without some of what it asks for
          EXPECT_EQ(made->bans(now).size(), 1U);
          return;
        }
        EXPECT_TRUE(made->bans(now).empty());
        EXPECT_NE(fail(*made, known, account).ban, 0) << "its second failure";
        for (int i = 0; i < 3 && made->bans(now).size() < 2; ++i) fail(*made, fresh, other);
        EXPECT_EQ(made->bans(now).size(), 2U);
      });
  EXPECT_GE(failures, 5U);
}

// Each request of a caller who brings a login for the server comes by here.
TEST(NoMemory, ALoginThatIsKnownIsNotedWithoutAny) {
  const settings::Lockout rules;
  const IpAddress ip = *IpAddress::parse("192.0.2.1");
  for (const bool certain : {true, false}) {
    Lockout lockout;
    const auto log_in = [&] {
      Lockout::Guess guess;
      const auto told = lockout.begin(rules, {ip, {}, "server:till", "a secret"}, 1'000'000'000, guess);
      guess.succeed(rules, 1'000'000'000, certain);
      return told.verdict;
    };
    ASSERT_EQ(log_in(), Lockout::Verdict::go_on);
    const NoMemory none(0);
    EXPECT_EQ(log_in(), Lockout::Verdict::go_on);
    EXPECT_FALSE(none.failed());
  }
}

// What ends without memory, or gives back what it held, must need none.
TEST(NoMemory, AGuessIsGivenBackWithoutAny) {
  const settings::Lockout rules;
  Lockout lockout;
  Lockout::Guess guess;
  const std::string account = name(1);
  ASSERT_EQ(lockout.begin(rules, {*IpAddress::parse("192.0.2.1"), account, account, "x"}, 1'000'000'000, guess).verdict,
            Lockout::Verdict::go_on);
  const NoMemory none(0);
  guess.give_back();
  EXPECT_FALSE(none.failed());
}

// A digest that was not made must not be one of what lay there before.
TEST(NoMemory, AKeyWithoutADigestIsNobodys) {
  const Digest right = digest_of("a key"); // and OpenSSL makes what it has for all time, which must not fail
  const std::size_t failures = fail_each([] { return Digest{}; }, [](Digest& made) { made = digest_of("a key"); },
                                         [&](const Digest& made, bool threw) { EXPECT_TRUE(threw || made == right); });
  EXPECT_GE(failures, 1U);
}

struct Asked {
  explicit Asked(io::Loop& loop) : wake(loop) {}
  io::Wake wake;
  bool done = false;
  Result<bool> verdict = false;
};

struct AtEnd {
  Asked& asked;
  ~AtEnd() { asked.done = true; }
};

io::Detached ask(PasswordChecks& checks, Asked& asked, PasswordChecks::Login login) {
  const AtEnd end{asked};
  asked.verdict = co_await checks.verify(asked.wake, login);
}

// Neither when a right one could not be remembered as what it is, nor when a wrong one can't be told from it.
TEST(NoMemory, AWrongPasswordIsNeverTakenForOneThatWasRight) {
  tests::LoopWorld world;
  PasswordChecks checks;
  crypt_data data{};
  static_cast<void>(checks.remembers({"OpenSSL's own", "", "", {}, false}, 0));
  const std::string hash = crypt_rn("right", "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data);
  for (std::size_t good = 0, failed = 1; failed != 0; ++good) {
    Asked asked(world.loop);
    asked.wake.deadline_in(20'000);
    const std::string user = "user " + std::to_string(good);
    PasswordChecks::Login right{user, "right", hash, {}, false};
    {
      const NoMemory none(good);
      try {
        ask(checks, asked, std::move(right));
      } catch (const std::bad_alloc&) {
        asked.done = true;
      }
      failed = none.failed() ? 1 : 0;
    }
    ASSERT_TRUE(world.until([&] { return asked.done; }));
    bool taken = false;
    const PasswordChecks::Login wrong{user, "wrong", hash, {}, false};
    fail_each([] { return 0; }, [&](int) { taken = checks.remembers(wrong, 0) || taken; }, [](int, bool) {});
    EXPECT_FALSE(taken) << good;
  }
}

// Strangers wait for a hash; one who is known asks for the same, and takes that check along into a line that has to grow for it.
TEST(NoMemory, WhoseLoginFailedForWantOfItIsToldNothingLater) {
  constexpr int kLineGrowsAt = 32; // a deque's block is 512 bytes
  crypt_data data{};
  const std::string slow = crypt_rn("right", "$2b$10$abcdefghijklmnopqrstuu", &data, sizeof data);
  const std::string hash = crypt_rn("right", "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data);
  for (std::size_t good = 0, failed = 1; failed != 0; ++good) {
    tests::LoopWorld world;
    PasswordChecks checks;
    std::vector<std::unique_ptr<Asked>> crowd;
    const auto login = [&](int number, const std::string& of, bool known) {
      const IpAddress from = *IpAddress::parse("192.0.2." + std::to_string(number));
      return PasswordChecks::Login{"user " + std::to_string(number), "right", of, from, known};
    };
    const auto come = [&](PasswordChecks::Login of) {
      crowd.push_back(std::make_unique<Asked>(world.loop));
      crowd.back()->wake.deadline_in(60'000);
      ask(checks, *crowd.back(), std::move(of));
    };
    come(login(200, slow, false));
    come(login(201, slow, true));
    for (int i = 1; i < kLineGrowsAt; ++i) come(login(i, hash, true));
    come(login(202, hash, false));
    auto second = std::make_unique<Asked>(world.loop);
    second->wake.deadline_in(60'000);
    PasswordChecks::Login again = login(202, hash, true);
    {
      const NoMemory none(good);
      try {
        ask(checks, *second, std::move(again));
      } catch (const std::bad_alloc&) {
        second->done = true;
      }
      failed = none.failed() ? 1 : 0;
    }
    if (failed != 0 && second->done) second.reset(); // with what a verdict would wake
    ASSERT_TRUE(world.until([&] { return second == nullptr || second->done; }));
    for (const auto& each : crowd) ASSERT_TRUE(world.until([&] { return each->done; }));
    for (const auto& each : crowd) EXPECT_TRUE(each->verdict.ok() && *each->verdict) << good;
  }
}

} // namespace
} // namespace ledgergate::client
