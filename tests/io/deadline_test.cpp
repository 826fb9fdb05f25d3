#include "io/deadline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace ledgergate::io::tests {
namespace {

class Alarm final : public Deadline {
public:
  std::function<void()> then;
  int rang = 0;

private:
  void expired() noexcept override {
    ++rang;
    if (then) then();
  }
};

TEST(DeadlineQueue, RingsOnceWhenItsTimeHasCome) {
  DeadlineQueue queue;
  Alarm alarm;
  queue.set(alarm, 10);
  queue.expire(9);
  EXPECT_EQ(alarm.rang, 0);
  queue.expire(10);
  EXPECT_EQ(alarm.rang, 1);
  EXPECT_EQ(alarm.at(), kNever);
  queue.expire(1000);
  EXPECT_EQ(alarm.rang, 1);
  EXPECT_EQ(queue.next(), kNever);
}

TEST(DeadlineQueue, OneThatMovedLaterIsPutBackWhenItsOldTimeComes) {
  DeadlineQueue queue;
  Alarm alarm;
  queue.set(alarm, 10);
  queue.set(alarm, 30);
  EXPECT_LE(queue.next(), 10U) << "moving later stores a number, nothing else";
  queue.expire(10);
  EXPECT_EQ(alarm.rang, 0);
  EXPECT_EQ(queue.next(), 30U);
  queue.expire(30);
  EXPECT_EQ(alarm.rang, 1);
}

TEST(DeadlineQueue, OneThatMovedEarlierRingsEarlier) {
  DeadlineQueue queue;
  Alarm alarm, other;
  queue.set(other, 5);
  queue.set(alarm, 10);
  queue.set(alarm, 3);
  EXPECT_EQ(queue.next(), 3U);
  queue.expire(4);
  EXPECT_EQ(alarm.rang, 1);
  EXPECT_EQ(other.rang, 0);
}

TEST(DeadlineQueue, NeverUnsets) {
  DeadlineQueue queue;
  Alarm alarm;
  queue.set(alarm, 10);
  queue.set(alarm, kNever);
  queue.expire(100);
  EXPECT_EQ(alarm.rang, 0);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(DeadlineQueue, OneThatIsDestroyedLeavesTheQueue) {
  DeadlineQueue queue;
  Alarm stays;
  queue.set(stays, 20);
  {
    Alarm goes;
    queue.set(goes, 10);
    EXPECT_EQ(queue.size(), 2U);
  }
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.next(), 20U);
}

TEST(DeadlineQueue, MaySetAndRemoveOthersWhileItRings) {
  DeadlineQueue queue;
  Alarm first, second, third;
  queue.set(first, 10);
  queue.set(second, 10);
  queue.set(third, 50);
  first.then = [&] {
    if (first.rang > 1) return;
    queue.set(first, 15);
    queue.remove(second);
    queue.set(third, 12);
  };
  queue.expire(11);
  EXPECT_EQ(first.rang, 1);
  EXPECT_EQ(second.rang, 0) << "it was due as well, and taken out in time";
  queue.expire(12);
  EXPECT_EQ(third.rang, 1);
  queue.expire(60);
  EXPECT_EQ(first.rang, 2);
  EXPECT_EQ(third.rang, 1);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(DeadlineQueue, OneThatIsSetAnewWhileItRingsRingsTheNextTime) {
  DeadlineQueue queue;
  Alarm again, other;
  again.then = [&] {
    if (again.rang == 1000) return; // it would not come to its end
    queue.set(again, 0);
    queue.set(other, 10);
  };
  queue.set(again, 10);
  queue.expire(10);
  EXPECT_EQ(again.rang, 1);
  EXPECT_EQ(other.rang, 0);
  EXPECT_EQ(queue.next(), 11U);
  queue.expire(11);
  EXPECT_EQ(again.rang, 2);
  EXPECT_EQ(other.rang, 1);
}

TEST(DeadlineQueue, OneThatIsSetInAnotherQueueLeavesTheFirst) {
  DeadlineQueue queue, other;
  Alarm alarm;
  queue.set(alarm, 10);
  other.set(alarm, 20);
  EXPECT_EQ(queue.size(), 0U);
  queue.expire(15);
  EXPECT_EQ(alarm.rang, 0);
  other.expire(20);
  EXPECT_EQ(alarm.rang, 1);
}

// Against a map that does at once what the queue does lazily.
class Schedule {
public:
  explicit Schedule(unsigned seed) : random_(seed) {
    for (std::size_t i = 0; i < kAlarms; ++i) {
      alarms_.push_back(std::make_unique<Alarm>());
      alarms_[i]->then = [this, i] { rang(i); };
    }
  }

  // Empty: as the model says.
  std::string run(int steps) {
    for (int step = 0; step < steps && wrong_.empty(); ++step) {
      const auto what = random_() % 10;
      if (what < 7)
        change(random_() % kAlarms);
      else
        expire();
      check();
    }
    return wrong_;
  }

private:
  static constexpr std::size_t kAlarms = 40;
  std::mt19937 random_;
  DeadlineQueue queue_;
  std::vector<std::unique_ptr<Alarm>> alarms_;
  std::map<std::size_t, TimeMs> model_;
  TimeMs now_ = 0;
  bool expiring_ = false;
  std::string wrong_;

  void set(std::size_t which, TimeMs at) {
    queue_.set(*alarms_[which], at);
    if (at == kNever)
      model_.erase(which);
    else
      model_[which] = at;
  }
  void change(std::size_t which) {
    switch (random_() % 6) {
    case 0: set(which, kNever); break;
    case 1:
      queue_.remove(*alarms_[which]);
      model_.erase(which);
      break;
    // Never at or before `now` from inside expired(): that would ring again and again.
    default: set(which, now_ + 1 + random_() % 50); break;
    }
  }
  void rang(std::size_t which) {
    const auto due = model_.find(which);
    if (!expiring_ || due == model_.end() || due->second > now_) wrong_ = "alarm " + std::to_string(which) + " rang too early";
    model_.erase(which);
    for (auto changes = random_() % 3; changes > 0; --changes) change(random_() % kAlarms);
  }
  void expire() {
    now_ += random_() % 20;
    expiring_ = true;
    queue_.expire(now_);
    expiring_ = false;
    for (const auto& [which, at] : model_)
      if (at <= now_) wrong_ = "alarm " + std::to_string(which) + " did not ring";
  }
  void check() {
    TimeMs earliest = kNever;
    for (const auto& [which, at] : model_) {
      earliest = std::min(earliest, at);
      if (alarms_[which]->at() != at) wrong_ = "alarm " + std::to_string(which) + " stands at another time";
    }
    if (queue_.next() > earliest) wrong_ = "the queue would be looked at too late";
    if (queue_.size() < model_.size() || queue_.size() > kAlarms) wrong_ = "the queue holds the wrong number";
  }
};

TEST(DeadlineQueue, DoesWhatANaiveModelDoesOverRandomSchedules) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Schedule schedule(seed);
    ASSERT_EQ(schedule.run(500), "") << "seed " << seed;
  }
}

} // namespace
} // namespace ledgergate::io::tests
