// Flows taking turns, one level: RFC 8290 (section 4.2) with service time in the place of bytes. A flow that begins to ask stands
// in the list of new flows, which goes first; one whose credit is used up goes to the end of the list of old flows, where each
// round gives every flow a quantum. A flow with nothing waiting is remembered until what it has used is paid back, so that asking
// again at once makes nobody new; who asks seldom is new each time.
//
// Three things are ours, for a round takes the longer the more flood. A flow that has rested for kRest times as long as it was
// served is new again, however many flood. One that has not, but almost (by kSlack: any server is slow at times), is new as well,
// behind those that have: the least tired first, and nobody is passed for longer than kPassed. And however many new ones come, of
// kNewInARow + 1 that are served one is old. Pure.
//
// Invariants: a flow is in one of the two lists as long as it is known; one that waits or is served is known; credit <= quantum;
// the new ones stand in the order of their ranks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <optional>
#include <unordered_map>

namespace ledgergate::upstream {

using Micros = std::int64_t; // of a monotonic clock

template <class Key>
class FairLine {
public:
  static constexpr Micros kRest = 4; // who rests so much longer than it works uses less than a fifth of the server
  static constexpr Micros kSlack = 4'000'000;
  static constexpr Micros kPassed = 8'000'000;
  static constexpr unsigned kNewInARow = 8;
  // A flow owes no more than this, or somebody behind whom the server hung for half an hour would be the last for hours.
  static constexpr Micros kMostOwed = 10'000'000;

  explicit FairLine(Micros quantum) : quantum_(quantum) {}

  // One more of the flow waits. Throws std::bad_alloc, and nothing has happened then; the only one here that needs memory.
  void join(const Key& key, Micros now) {
    const auto known = flows_.find(key);
    if (known == flows_.end()) {
      const auto flow = fresh_.insert(behind(now), {key, now, quantum_, 1});
      try {
        flows_.emplace(key, flow);
      } catch (...) {
        fresh_.erase(flow);
        throw;
      }
      return;
    }
    const auto flow = known->second;
    if (flow->idle()) {
      flow->tired = std::max<Micros>(0, flow->tired - (now - flow->idle_since));
      if (flow->tired <= kSlack) make_new(flow, now);
    }
    ++flow->waiting;
  }

  // Who is served next: one of the flow waits no more and is served. Null: none waits. Good until the flow is forgotten, which one
  // that is served is not.
  const Key* take() {
    // A flood of flows that come once must not be remembered for ever.
    for (auto each = old_.begin(); old_.size() > kMostOld && each != old_.end();) {
      const auto here = each++;
      if (here->idle()) forget(here);
    }
    const bool old_first = new_in_a_row_ >= kNewInARow;
    Flow* flow = old_first ? next_old() : nullptr;
    if (flow == nullptr && (flow = next_fresh()) != nullptr) {
      new_in_a_row_ = old_first ? 1 : new_in_a_row_ + 1;
    } else {
      new_in_a_row_ = 0;
      if (flow == nullptr) flow = next_old();
    }
    if (flow == nullptr) return nullptr;
    --flow->waiting;
    ++flow->served;
    return &flow->key;
  }

  // One that waited has gone away.
  void leave(const Key& key) {
    const auto flow = flows_.at(key);
    --flow->waiting;
    // Without this, those who come and go while nobody is served would be remembered for ever.
    if (flow->idle() && (flow->old ? flow->credit > 0 : flow->credit == quantum_)) forget(flow);
  }

  // One that was served is done, and has used the server for so long.
  void charge(const Key& key, Micros used, Micros now) {
    const auto flow = flows_.at(key);
    --flow->served;
    used = std::min(used, kMostOwed);
    flow->credit = std::max(flow->credit - used, -kMostOwed);
    flow->tired = std::min(flow->tired + kRest * used, kRest * kMostOwed);
    flow->idle_since = now;
    if (flow->old && flow->credit <= 0) old_.splice(old_.end(), old_, flow);
  }

  [[nodiscard]] bool knows(const Key& key) const { return flows_.contains(key); }
  [[nodiscard]] std::size_t waiting(const Key& key) const {
    const auto flow = flows_.find(key);
    return flow == flows_.end() ? 0 : flow->second->waiting;
  }
  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }

private:
  struct Flow {
    Key key;
    Micros rank; // among the new ones
    Micros credit;
    std::size_t waiting = 0, served = 0;
    Micros tired = 0;      // how long it is to rest, from idle_since on
    Micros idle_since = 0; // of an idle one
    bool old = false;
    [[nodiscard]] bool idle() const noexcept { return waiting == 0 && served == 0; }
  };
  using Place = typename std::list<Flow>::iterator;
  static constexpr std::size_t kMostOld = 1024;
  Micros quantum_;
  std::list<Flow> fresh_, old_;
  std::unordered_map<Key, Place> flows_;
  unsigned new_in_a_row_ = 0;

  // Where a flow of that rank belongs among the new ones.
  Place behind(Micros rank) {
    auto place = fresh_.end();
    while (place != fresh_.begin() && std::prev(place)->rank > rank) --place;
    return place;
  }

  void make_new(Place flow, Micros now) {
    const Micros rank = flow->tired == 0 ? now : now + kPassed + flow->tired;
    fresh_.splice(behind(rank), flow->old ? old_ : fresh_, flow);
    flow->rank = rank;
    flow->credit = quantum_;
    flow->old = false;
  }

  void forget(Place flow) {
    flows_.erase(flow->key);
    (flow->old ? old_ : fresh_).erase(flow);
  }

  // The first new flow with credit that waits; those before it become old.
  Flow* next_fresh() {
    while (!fresh_.empty()) {
      Flow& flow = fresh_.front();
      if (flow.credit > 0 && flow.waiting != 0) return &flow;
      if (flow.credit <= 0) flow.credit += quantum_;
      flow.old = true;
      old_.splice(old_.end(), fresh_, fresh_.begin());
    }
    return nullptr;
  }

  Flow* next_old() {
    for (;;) {
      for (auto each = old_.begin(); each != old_.end();) {
        const auto here = each++;
        if (here->credit <= 0) continue;
        if (here->waiting != 0) return &*here;
        if (here->served == 0) forget(here);
      }
      if (!give_rounds()) return nullptr;
    }
  }

  // As many rounds as the first waiting flow needs. False: none waits (no credit is given away for nobody).
  bool give_rounds() {
    std::optional<Micros> rounds;
    for (const Flow& flow : old_) {
      if (flow.waiting == 0) continue;
      const Micros needed = -flow.credit / quantum_ + 1;
      rounds = rounds ? std::min(*rounds, needed) : needed;
    }
    if (!rounds) return false;
    // Who is served only now is charged later: it saves nothing up meanwhile.
    for (Flow& flow : old_) flow.credit = std::min(flow.credit + *rounds * quantum_, quantum_);
    return true;
  }
};

} // namespace ledgergate::upstream
