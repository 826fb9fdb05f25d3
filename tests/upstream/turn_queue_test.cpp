// Who is served next: fairness by counts, classes, bounds. No clock but the one passed in. Random schedules:
// turn_queue_property_test.cpp.
#include "upstream/turn_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream {
namespace {

TurnQueue::Bounds places(std::uint32_t count) {
  TurnQueue::Bounds bounds;
  bounds.places = count;
  bounds.depth = 10'000;
  bounds.depth_per_client = 10'000;
  return bounds;
}

TEST(TurnQueue, AFreePlaceIsGivenAtOnce) {
  TurnQueue queue(places(1));
  const auto asked = queue.ask("a", 1, TurnClass::normal, 0);
  EXPECT_EQ(queue.next(0), asked.ticket);
  EXPECT_EQ(queue.next(0), std::nullopt);
  EXPECT_EQ(queue.taken(), 1U);
}

TEST(TurnQueue, RefusesBeyondItsDepths) {
  auto bounds = places(1);
  bounds.depth = 3;
  bounds.depth_per_client = 2;
  TurnQueue queue(bounds);
  EXPECT_NE(queue.ask("a", 1, TurnClass::normal, 0).ticket, 0U);
  EXPECT_NE(queue.ask("a", 2, TurnClass::normal, 0).ticket, 0U);
  EXPECT_EQ(queue.ask("a", 3, TurnClass::normal, 0).refusal, TurnQueue::Refusal::client_full);
  EXPECT_NE(queue.ask("b", 4, TurnClass::normal, 0).ticket, 0U);
  EXPECT_EQ(queue.ask("c", 5, TurnClass::normal, 0).refusal, TurnQueue::Refusal::full);
}

TEST(TurnQueue, WhoLeavesIsNeverServed) {
  TurnQueue queue(places(1));
  const auto first = queue.ask("a", 1, TurnClass::normal, 0);
  const auto second = queue.ask("b", 2, TurnClass::normal, 0);
  EXPECT_EQ(queue.next(0), first.ticket);
  EXPECT_TRUE(queue.leave(second.ticket));
  EXPECT_FALSE(queue.leave(second.ticket));
  EXPECT_FALSE(queue.leave(first.ticket)) << "it holds a place: it has to give it back";
  queue.give_back(first.ticket, 10);
  EXPECT_EQ(queue.next(10), std::nullopt);
}

TEST(TurnQueue, HighGoesFirstAndBulkLastUntilItHasWaitedTooLong) {
  auto bounds = places(1);
  bounds.age = 1000;
  TurnQueue queue(bounds);
  const auto bulk = queue.ask("a", 1, TurnClass::bulk, 0).ticket;
  const auto normal = queue.ask("b", 2, TurnClass::normal, 500).ticket;
  const auto high = queue.ask("c", 3, TurnClass::high, 600).ticket;
  EXPECT_EQ(queue.next(700), high);
  queue.give_back(high, 800);
  EXPECT_EQ(queue.next(800), normal);
  queue.give_back(normal, 1000);
  const auto another = queue.ask("c", 3, TurnClass::high, 1000).ticket;
  EXPECT_EQ(queue.next(1000), bulk);
  queue.give_back(bulk, 1100);
  EXPECT_EQ(queue.next(1100), another);
}

// A crowd that asks again as soon as it is answered, and a till whose requests take 20 ms and come every 200 ms, but never sooner
// than 150 ms behind an answer; it comes when all of the crowd have been there for a while. How long each of the till's requests
// waited.
struct Scene {
  std::uint64_t crowd = 8;
  Micros service = 20'000; // of the crowd
  Micros pause = 1'000;    // of each in the crowd, between an answer and its next request
  bool one_address = false;
  TurnClass crowd_class = TurnClass::normal;
  std::uint32_t places = 1;
  Micros slow = 0;  // the till's tenth request takes so long
  Micros begin = 2; // how often each of the crowd was served before
  int asks = 100;
};
std::vector<Micros> waits_of_a_till(const Scene& scene) {
  TurnQueue queue(places(scene.places));
  std::multimap<Micros, std::uint64_t> asking;
  for (std::uint64_t each = 0; each < scene.crowd; ++each) asking.emplace(static_cast<Micros>(each) * 100, each);
  asking.emplace(scene.begin * static_cast<Micros>(scene.crowd) * scene.service, scene.crowd);
  std::map<TurnQueue::Ticket, std::pair<std::uint64_t, Micros>> asked;
  std::multimap<Micros, TurnQueue::Ticket> served; // by when it is done
  std::vector<Micros> waits;
  for (int events = 0; waits.size() < static_cast<std::size_t>(scene.asks); ++events) {
    if (events > 1'000'000) {
      ADD_FAILURE() << "the till was served only " << waits.size() << " times";
      return {std::numeric_limits<Micros>::max()};
    }
    Micros now = 0;
    if (!served.empty() && (asking.empty() || served.begin()->first <= asking.begin()->first)) {
      now = served.begin()->first;
      const auto ticket = served.begin()->second;
      served.erase(served.begin());
      queue.give_back(ticket, now);
      const auto [who, since] = asked.at(ticket);
      asking.emplace(who == scene.crowd ? std::max(since + 200'000, now + 150'000) : now + scene.pause, who);
    } else {
      now = asking.begin()->first;
      const std::uint64_t who = asking.begin()->second;
      asking.erase(asking.begin());
      const auto turn_class = who == scene.crowd ? TurnClass::normal : scene.crowd_class;
      asked[queue.ask(scene.one_address ? "nat" : std::to_string(who), who, turn_class, now).ticket] = {who, now};
    }
    while (const auto next = queue.next(now)) {
      const auto [who, since] = asked.at(*next);
      if (who == scene.crowd) waits.push_back(now - since);
      const Micros till_service = waits.size() == 10 && scene.slow != 0 ? scene.slow : 20'000;
      served.emplace(now + (who == scene.crowd ? till_service : scene.service), *next);
    }
  }
  return waits;
}

TEST(TurnQueue, WhoAsksSeldomWaitsForTheOneThatRunsAndForNoOther) {
  for (const bool one_address : {false, true}) {
    for (const std::uint64_t crowd : {1U, 2U, 8U, 31U, 300U}) {
      const auto waits = waits_of_a_till({.crowd = crowd, .one_address = one_address});
      EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 20'000) << "of " << crowd << ", one address: " << one_address;
    }
  }
}

TEST(TurnQueue, WhoAsksSeldomWaitsForTheFirstPlaceThatIsFree) {
  for (const bool one_address : {false, true}) {
    for (const std::uint32_t count : {2U, 4U}) {
      const auto waits = waits_of_a_till({.crowd = 16, .one_address = one_address, .places = count});
      EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 20'000) << count << " places, one address: " << one_address;
    }
  }
}

TEST(TurnQueue, WhoPausesOnlyALittleDoesNotCountAsSeldom) {
  for (const Micros pause : {5'000, 20'000, 60'000}) {
    const auto waits = waits_of_a_till({.crowd = 16, .pause = pause, .one_address = true});
    // Or for one more: an old flow's service among eight of new ones.
    EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 2 * 20'000) << "they pause for " << pause;
  }
}

TEST(TurnQueue, ASlowRequestNowAndThenDoesNotMakeAFlood) {
  for (const std::uint64_t crowd : {8U, 31U}) {
    const auto waits = waits_of_a_till({.crowd = crowd, .one_address = true, .slow = 800'000, .begin = 60});
    EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 20'000) << "of " << crowd;
  }
}

TEST(TurnQueue, RequestsTooShortToCountAreCounted) {
  // 40 connections that ask for 500 µs at a time: were each of them new each time, the till would wait for them all.
  const auto waits = waits_of_a_till({.crowd = 40, .service = 500, .pause = 100, .one_address = true});
  EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 500);
}

TEST(TurnQueue, BulkThatAlwaysWaitsMakesNobodyWaitForTwo) {
  // Each of the eight waits for 16 s, far beyond `age`. The class has its places all the while.
  const auto waits = waits_of_a_till({.service = 2'000'000, .crowd_class = TurnClass::bulk});
  EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 2'000'000);
}

TEST(TurnQueue, AClassThatHasHadNothingForLongGetsOnePlaceAtATime) {
  auto bounds = places(1);
  bounds.age = 1'000'000;
  TurnQueue queue(bounds);
  Micros now = 0;
  for (int i = 0; i < 100; ++i) ASSERT_NE(queue.ask("shop", 1, TurnClass::bulk, now).ticket, 0U);
  std::set<TurnQueue::Ticket> high;
  int bulk_served = 0;
  for (int i = 0; i < 1000; ++i) {
    while (high.size() < 2) high.insert(queue.ask("till", 2, TurnClass::high, now).ticket);
    const auto ticket = queue.next(now);
    ASSERT_TRUE(ticket);
    if (high.erase(*ticket) == 0) ++bulk_served;
    queue.give_back(*ticket, now += 20'000);
  }
  // Of 20 s, one service of 20 ms after each second without.
  EXPECT_EQ(bulk_served, 19);
}

TEST(TurnQueue, NewcomersWithoutEndDoNotStarveWhoWasThere) {
  for (const bool one_address : {false, true}) {
    TurnQueue queue(places(1));
    const auto name = [&](std::uint64_t number) { return one_address ? std::string("nat") : std::to_string(number); };
    Micros now = 0;
    std::uint64_t number = 0, old_served = 0;
    std::set<TurnQueue::Ticket> old_ones;
    for (int i = 0; i < 9'000; ++i) {
      while (old_ones.size() < 2) old_ones.insert(queue.ask(name(0), 0, TurnClass::normal, now).ticket);
      while (queue.waiting() < 5) {
        ++number;
        static_cast<void>(queue.ask(name(number), number, TurnClass::normal, now));
      }
      const auto ticket = queue.next(now);
      ASSERT_TRUE(ticket);
      old_served += old_ones.erase(*ticket);
      queue.give_back(*ticket, now += 20'000);
    }
    EXPECT_GE(old_served, 1'000U) << "one address: " << one_address;
    EXPECT_LT(queue.remembered(), 5'000U) << "one address: " << one_address;
  }
}

TEST(TurnQueue, WhoIsALittleTiredIsNotPassedForEver) {
  using Line = FairLine<std::string>;
  TurnQueue queue(places(1));
  Micros now = 0, asked_at = 0, longest = 0;
  int served = 0;
  auto shop = queue.ask("shop", 0, TurnClass::normal, now).ticket;
  std::uint64_t number = 0;
  while (served < 5 && now < 200'000'000) {
    while (queue.waiting() < 4) {
      ++number;
      static_cast<void>(queue.ask(std::to_string(number), number, TurnClass::normal, now));
    }
    const auto ticket = queue.next(now);
    ASSERT_TRUE(ticket);
    if (*ticket == shop) longest = std::max(longest, now - asked_at);
    queue.give_back(*ticket, now += 20'000);
    if (*ticket != shop) continue;
    ++served;
    shop = queue.ask("shop", 0, TurnClass::normal, asked_at = now).ticket;
  }
  EXPECT_EQ(served, 5);
  EXPECT_LE(longest, Line::kPassed + Line::kSlack + 5 * 20'000);
}

TEST(TurnQueue, WhoHadAPlaceForVeryLongIsNotTheLastForEver) {
  TurnQueue queue(places(1));
  std::map<TurnQueue::Ticket, std::string> names;
  const auto ask = [&](const std::string& name, Micros now) { names[queue.ask(name, 1, TurnClass::normal, now).ticket] = name; };
  Micros now = 0;
  ask("till", now); // the server hangs for half an hour on it
  const auto hung = queue.next(now);
  for (int i = 0; i < 2; ++i) ask("shop", now);
  queue.give_back(*hung, now += 1'800'000'000);
  ask("till", now);
  int passed_by = 0;
  for (auto ticket = queue.next(now); names.at(*ticket) != "till" && passed_by < 10'000; ticket = queue.next(now)) {
    ask("shop", now);
    queue.give_back(*ticket, now += 20'000);
    ++passed_by;
  }
  EXPECT_LE(passed_by, 10'000'000 / 20'000 + 1);
}

TEST(TurnQueue, WhoComesAndGoesWhileTheServerHangsLeavesNoMemoryBehind) {
  for (const bool one_address : {false, true}) {
    TurnQueue queue(places(1));
    const auto held = queue.ask("held", 0, TurnClass::normal, 0).ticket;
    ASSERT_EQ(queue.next(0), held);
    const auto with_one = queue.remembered();
    std::size_t most = 0;
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
      const auto ticket = queue.ask(one_address ? "nat" : std::to_string(i), i, TurnClass::bulk, 0).ticket;
      ASSERT_NE(ticket, 0U);
      ASSERT_TRUE(queue.leave(ticket));
      most = std::max(most, queue.remembered());
    }
    EXPECT_LE(most, with_one + 200) << "one address: " << one_address;
  }
}

TEST(TurnQueue, AMillionAddressesLeaveNoMemoryBehind) {
  TurnQueue queue(places(1));
  Micros now = 0;
  std::size_t most = 0;
  // Never idle: the next one stands in line before the last one is done.
  auto held = queue.ask("0", 0, TurnClass::normal, now).ticket;
  ASSERT_EQ(queue.next(now), held);
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    const auto next = queue.ask(std::to_string(i), i, TurnClass::normal, now).ticket;
    queue.give_back(held, now += 20'000);
    ASSERT_EQ(queue.next(now), next);
    held = next;
    most = std::max(most, queue.clients());
  }
  EXPECT_LT(most, 5'000U);
  queue.give_back(held, now);
  EXPECT_EQ(queue.clients(), 0U);
}

TEST(TurnQueue, FloodersShareByServiceTime) {
  TurnQueue queue(places(1));
  // One asks for 40 ms at a time, one for 10 ms; both always have something waiting.
  std::map<TurnQueue::Ticket, std::string> names;
  std::map<std::string, Micros> used;
  const auto ask = [&](const std::string& name, Micros now) {
    names[queue.ask(name, name.size(), TurnClass::normal, now).ticket] = name;
  };
  for (int i = 0; i < 3; ++i) {
    ask("slow", 0);
    ask("rapid", 0);
  }
  Micros now = 0;
  for (int i = 0; i < 500; ++i) {
    const auto ticket = queue.next(now);
    ASSERT_TRUE(ticket);
    const std::string name = names.at(*ticket);
    const Micros service = name == "slow" ? 40'000 : 10'000;
    ask(name, now);
    now += service;
    used[name] += service;
    queue.give_back(*ticket, now);
  }
  EXPECT_NEAR(static_cast<double>(used["slow"]) / static_cast<double>(used["rapid"]), 1.0, 0.1);
}

} // namespace
} // namespace ledgergate::upstream
