// What holds for the turn queue whatever happens, over thousands of random schedules: each is a seed, which a failure names. The
// clock is passed in. A model beside the queue knows who waits, who is served and since when.
#include "upstream/turn_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream {
namespace {

using Ticket = TurnQueue::Ticket;

struct Asker {
  std::string client;
  std::uint64_t connection = 0;
  TurnClass turn_class = TurnClass::normal;
  Micros asked = 0;
};

class Schedule {
public:
  explicit Schedule(unsigned seed) : random_(seed) {
    bounds_.places = 1 + pick(3);
    bounds_.depth = 1 + pick(40);
    bounds_.depth_per_client = 1 + pick(20);
    bounds_.age = 50'000 + pick(500'000);
    clients_ = 1 + pick(6);
    classes_ = 1 + pick(3);
    longest_ = 100 + pick(100'000);
    queue_.emplace(bounds_);
  }

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      now_ += pick(static_cast<unsigned>(longest_ / (1 + pick(20)) + 1));
      overdue();
      const unsigned action = pick(100);
      if (action < 50) {
        ask();
      } else if (action < 85) {
        give_back_any();
      } else if (action < 97) {
        leave_any();
      } else {
        change_bounds();
      }
      hand_out();
    }
    // Nobody asks any more: all are served, and nothing is left behind.
    bounds_.places = std::max(bounds_.places, 1U);
    queue_->set_bounds(bounds_);
    hand_out();
    while (!served_.empty() && !::testing::Test::HasFatalFailure()) {
      now_ += pick(1'000);
      give_back_any();
      hand_out();
    }
    EXPECT_TRUE(waiting_.empty());
    EXPECT_EQ(queue_->waiting(), 0U);
    EXPECT_EQ(queue_->taken(), 0U);
    EXPECT_EQ(queue_->clients(), 0U);
    EXPECT_EQ(queue_->remembered(), 0U);
  }

private:
  std::mt19937 random_;
  TurnQueue::Bounds bounds_;
  std::optional<TurnQueue> queue_;
  unsigned clients_ = 1, classes_ = 1;
  Micros longest_ = 1; // service
  Micros now_ = 0;
  std::map<Ticket, Asker> waiting_;
  std::map<Ticket, std::pair<Asker, Micros>> served_;                            // and until when
  std::map<std::pair<std::string, std::uint64_t>, std::deque<Ticket>> in_order_; // of a connection
  std::set<Ticket> unknown_;                                                     // given back, or gone

  unsigned pick(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  template <class Map>
  auto any(Map& map) {
    return std::next(map.begin(), pick(static_cast<unsigned>(map.size())));
  }

  void ask() {
    Asker who;
    const unsigned client = pick(clients_);
    who.client = "client" + std::to_string(client);
    who.connection = client * 100 + pick(4);
    who.turn_class = static_cast<TurnClass>(client % classes_); // a connection has one class here, or FIFO would mean nothing
    who.asked = now_;
    const auto of_client = static_cast<std::size_t>(
        std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& each) { return each.second.client == who.client; }));
    const auto asked = queue_->ask(who.client, who.connection, who.turn_class, now_);
    const auto expected = waiting_.size() >= bounds_.depth        ? TurnQueue::Refusal::full
                          : of_client >= bounds_.depth_per_client ? TurnQueue::Refusal::client_full
                                                                  : TurnQueue::Refusal::none;
    ASSERT_EQ(asked.refusal, expected);
    ASSERT_EQ(asked.ticket != 0, expected == TurnQueue::Refusal::none);
    if (asked.ticket == 0) return;
    ASSERT_FALSE(waiting_.contains(asked.ticket) || served_.contains(asked.ticket) || unknown_.contains(asked.ticket));
    in_order_[{who.client, who.connection}].push_back(asked.ticket);
    waiting_.emplace(asked.ticket, who);
  }

  // Those whose service takes longer than any are made to end: services are bounded here, by `longest_`.
  void overdue() {
    const auto late = [this] {
      return std::find_if(served_.begin(), served_.end(), [this](const auto& each) { return each.second.second <= now_; });
    };
    for (auto one = late(); one != served_.end(); one = late()) {
      const Micros when = one->second.second;
      give_back(one->first, when);
      hand_out(when);
    }
  }
  void give_back(Ticket ticket, Micros when) {
    queue_->give_back(ticket, std::max(when, last_));
    last_ = std::max(when, last_);
    served_.erase(ticket);
    unknown_.insert(ticket);
    queue_->give_back(ticket, last_); // a second time: nothing happens
  }
  void give_back_any() {
    if (!served_.empty()) give_back(any(served_)->first, now_);
  }

  void leave_any() {
    if (pick(4) == 0 && !unknown_.empty()) {
      ASSERT_FALSE(queue_->leave(*any(unknown_)));
    } else if (pick(4) == 0 && !served_.empty()) {
      ASSERT_FALSE(queue_->leave(any(served_)->first)) << "it holds a place";
    } else if (!waiting_.empty()) {
      const auto gone = any(waiting_);
      ASSERT_TRUE(queue_->leave(gone->first));
      std::erase(in_order_[{gone->second.client, gone->second.connection}], gone->first);
      unknown_.insert(gone->first);
      waiting_.erase(gone);
    }
  }

  void change_bounds() {
    bounds_.places = 1 + pick(4);
    bounds_.depth = 1 + pick(40);
    bounds_.depth_per_client = 1 + pick(20);
    queue_->set_bounds(bounds_);
  }

  Micros last_ = 0; // the queue's time never runs backwards
  void hand_out() { hand_out(now_); }
  void hand_out(Micros when) {
    last_ = std::max(when, last_);
    const std::size_t before = served_.size();
    while (const auto ticket = queue_->next(last_)) {
      const auto who = waiting_.find(*ticket);
      ASSERT_NE(who, waiting_.end()) << "served twice, or after it left";
      auto& line = in_order_[{who->second.client, who->second.connection}];
      ASSERT_EQ(line.front(), *ticket) << "not first come, first served inside a connection";
      line.pop_front();
      served_.emplace(*ticket, std::pair(who->second, last_ + 1 + pick(static_cast<unsigned>(longest_))));
      waiting_.erase(who);
      ASSERT_LE(served_.size(), bounds_.places);
    }
    // Places that were taken when their number was lowered stay so; no other is given above the bound.
    ASSERT_LE(served_.size(), std::max<std::size_t>(bounds_.places, before));
    ASSERT_TRUE(served_.size() >= bounds_.places || waiting_.empty()) << "a free place, and somebody who waits";
    ASSERT_EQ(queue_->taken(), served_.size());
    ASSERT_EQ(queue_->waiting(), waiting_.size());
    // What is remembered: at most who waits or is served, and who still owes; each client and connection in each class.
    ASSERT_LE(queue_->remembered(), 6U * 2 + 6U * 4);
  }
};

TEST(TurnQueueProperties, HoldOverRandomSchedules) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule(seed).run(200);
    if (HasFailure()) return;
  }
}

// Nobody starves: under an overload that never ends each ticket is served within a bound that ages and services give. In each class
// four clients with two connections ask again as soon as they are answered; beside them come newcomers, who never come again.
//
// The bound. While a flow pays back one service (S at most, in rounds of q), another old one may use 2 S + 2 q (RFC 8290's rounds
// are those of DRR): so many services of the shortest kind pass by for each. Of kNewInARow + 1 services one is an old flow's. That
// holds for clients, and for connections inside their client; in either line a new flow may be passed for so long as kPassed and
// kSlack say. Then a class has a place at least once in `age` and a service of each class.
struct Overload {
  static constexpr unsigned kClients = 4, kConnections = 2, kNewcomers = 4;
  explicit Overload(unsigned seed) : random(seed) {
    longest = 20'000 + pick(60'000);
    bounds.age = longest + pick(static_cast<unsigned>(3 * longest));
    bounds.depth = bounds.depth_per_client = 1'000;
    classes = 1 + pick(3);
    newcomers = pick(2) == 0;
  }
  std::mt19937 random;
  TurnQueue::Bounds bounds;
  Micros longest = 0;
  unsigned classes = 1;
  bool newcomers = false;
  std::uint64_t last_newcomer = 1'000;
  Micros now = 0;
  std::map<Ticket, std::pair<std::uint64_t, Micros>> asked; // who, and when
  unsigned pick(unsigned limit) { return static_cast<unsigned>(random() % limit); }

  [[nodiscard]] Micros bound() const {
    const Micros shortest = longest / 2;
    const Micros of_another = (2 * longest + 2 * bounds.quantum) / shortest + 1;
    Micros services = ((kClients - 1) * of_another + 1) * ((kConnections - 1) * of_another + 1);
    if (newcomers) services *= FairLine<int>::kNewInARow + 1;
    const Micros passed = 2 * (FairLine<int>::kPassed + FairLine<int>::kSlack);
    return passed + services * (classes == 1 ? longest : bounds.age + classes * longest);
  }

  // Clients are numbered through all classes; a newcomer's number is beyond them.
  void ask(TurnQueue& queue, std::uint64_t client, std::uint64_t connection) {
    const auto who = client * kConnections + connection;
    asked[queue.ask(std::to_string(client), who, static_cast<TurnClass>(client % classes), now).ticket] = {who, now};
  }

  void run() {
    TurnQueue queue(bounds);
    const std::uint64_t regulars = std::uint64_t{kClients} * classes;
    for (std::uint64_t client = 0; client < regulars; ++client)
      for (std::uint64_t connection = 0; connection < kConnections; ++connection) ask(queue, client, connection);
    while (now < bound() + bound() / 4) {
      while (newcomers && asked.size() < regulars * kConnections + kNewcomers) ask(queue, ++last_newcomer, 0);
      const auto ticket = queue.next(now);
      ASSERT_TRUE(ticket);
      const auto [who, since] = asked.at(*ticket);
      asked.erase(*ticket);
      ASSERT_LE(now - since, bound());
      now += longest / 2 + pick(static_cast<unsigned>(longest / 2));
      queue.give_back(*ticket, now);
      if (who < regulars * kConnections) ask(queue, who / kConnections, who % kConnections);
    }
    for (const auto& each : asked) ASSERT_LE(now - each.second.second, bound()) << "waits still";
  }
};

TEST(TurnQueueProperties, NobodyStarves) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Overload(seed).run();
    if (HasFailure()) return;
  }
}

} // namespace
} // namespace ledgergate::upstream
