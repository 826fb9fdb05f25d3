// Who is served next: invariants over random schedules, fairness by counts, classes, bounds. No clock but the one passed in.
#include "upstream/turn_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
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

// Eight connections that ask again as soon as they are answered, 20 ms of service each, and one that asks every 200 ms.
std::vector<Micros> waits_of_a_till(bool one_address) {
  constexpr Micros kService = 20'000;
  TurnQueue queue(places(1));
  std::multimap<Micros, std::uint64_t> asking;
  for (std::uint64_t flooder = 0; flooder < 8; ++flooder) asking.emplace(static_cast<Micros>(flooder) * 100, flooder);
  asking.emplace(5'000, 8);
  std::map<TurnQueue::Ticket, std::pair<std::uint64_t, Micros>> asked;
  std::vector<Micros> waits;
  TurnQueue::Ticket served = 0;
  Micros now = 0, done_at = 0;
  while (waits.size() < 100) {
    if (served != 0 && (asking.empty() || done_at <= asking.begin()->first)) {
      now = done_at;
      queue.give_back(served, now);
      const auto [who, since] = asked.at(std::exchange(served, 0));
      if (who == 8) waits.push_back(now - since);
      asking.emplace(now + (who == 8 ? 200'000 : 1'000), who);
    } else {
      now = asking.begin()->first;
      const std::uint64_t who = asking.begin()->second;
      asking.erase(asking.begin());
      asked[queue.ask(one_address ? "nat" : std::to_string(who), who, TurnClass::normal, now).ticket] = {who, now};
    }
    if (served == 0) {
      if (const auto next = queue.next(now)) {
        served = *next;
        done_at = now + kService;
      }
    }
  }
  return waits;
}

TEST(TurnQueue, WhoAsksSeldomWaitsForTheOneThatRunsAndForNoOther) {
  for (const bool one_address : {false, true}) {
    auto waits = waits_of_a_till(one_address);
    waits.erase(waits.begin()); // its first time it is one of nine who have just begun
    EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 2 * 20'000) << "one address: " << one_address;
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

TEST(TurnQueue, InvariantsHoldOverRandomSchedules) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
    const std::uint32_t count = 1 + pick(3);
    TurnQueue queue(places(count));
    std::map<TurnQueue::Ticket, std::uint64_t> waiting; // ticket -> connection
    std::map<std::uint64_t, std::vector<TurnQueue::Ticket>> order;
    std::set<TurnQueue::Ticket> held;
    Micros now = 0;
    const auto serve = [&] {
      while (const auto ticket = queue.next(now)) {
        ASSERT_TRUE(waiting.contains(*ticket)) << "served twice, or after leaving";
        auto& line = order[waiting[*ticket]];
        ASSERT_EQ(line.front(), *ticket) << "not first come, first served inside a connection";
        line.erase(line.begin());
        waiting.erase(*ticket);
        held.insert(*ticket);
        ASSERT_LE(held.size(), count);
      }
      // No lost wake-up: a free place and somebody waiting never stand side by side.
      ASSERT_TRUE(held.size() == count || waiting.empty());
      ASSERT_EQ(queue.taken(), held.size());
      ASSERT_EQ(queue.waiting(), waiting.size());
    };
    for (int step = 0; step < 300; ++step) {
      now += pick(30'000);
      const unsigned action = pick(10);
      if (action < 5) {
        const std::uint64_t connection = pick(12);
        const auto asked = queue.ask("client" + std::to_string(connection % 4), connection, TurnClass::normal, now);
        waiting[asked.ticket] = connection;
        order[connection].push_back(asked.ticket);
      } else if (action < 9 && !held.empty()) {
        const auto gone = std::next(held.begin(), pick(static_cast<unsigned>(held.size())));
        queue.give_back(*gone, now);
        held.erase(gone);
      } else if (!waiting.empty()) {
        const auto gone = std::next(waiting.begin(), pick(static_cast<unsigned>(waiting.size())));
        EXPECT_TRUE(queue.leave(gone->first));
        std::erase(order[gone->second], gone->first);
        waiting.erase(gone);
      }
      serve();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
    // No starvation: once nobody asks any more, all are served.
    while (!held.empty()) {
      now += 1'000;
      queue.give_back(*held.begin(), now);
      held.erase(held.begin());
      serve();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
    EXPECT_TRUE(waiting.empty()) << "seed " << seed;
  }
}

} // namespace
} // namespace ledgergate::upstream
