// Flows taking turns, one level: RFC 8290 (section 4.2) with service time in the place of bytes. A flow that begins to ask stands
// in the list of new flows, which goes first; one whose credit is used up goes to the end of the list of old flows, where each
// round gives every flow a quantum. A flow without anything waiting is forgotten only once its credit is paid back: the quantum is
// small beside a service, so who asks again at once is still old, and who asks seldom is new each time. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

namespace ledgergate::upstream {

using Micros = std::int64_t; // of a monotonic clock

template <class Key>
class FairLine {
public:
  explicit FairLine(Micros quantum) : quantum_(quantum) {}

  // The flow has something waiting (again).
  void join(const Key& key) {
    const auto [flow, added] = flows_.try_emplace(key, quantum_);
    if (added) fresh_.push_back(key);
  }

  // The flow that is served next, of those for which `busy(key)`; nothing when there is none. It stays where it is: the next call
  // may name it again, until it is charged or no longer busy.
  template <class Busy>
  std::optional<Key> front(const Busy& busy) {
    // A flood of flows that come once must not be remembered for ever.
    while (old_.size() > kMostOld && !busy(old_.front())) {
      flows_.erase(old_.front());
      old_.pop_front();
    }
    while (!fresh_.empty()) {
      Micros& credit = flows_.at(fresh_.front());
      if (credit > 0 && busy(fresh_.front())) return fresh_.front();
      if (credit <= 0) credit += quantum_;
      old_.splice(old_.end(), fresh_, fresh_.begin());
    }
    for (;;) {
      for (auto each = old_.begin(); each != old_.end();) {
        if (flows_.at(*each) <= 0) {
          ++each;
        } else if (busy(*each)) {
          return *each;
        } else {
          flows_.erase(*each);
          each = old_.erase(each);
        }
      }
      if (!give_rounds(busy)) return std::nullopt;
    }
  }

  // The flow has used the server for so long. One that is not known any more owes nothing. An old flow that has used up its credit
  // goes to the end.
  void charge(const Key& key, Micros used) {
    const auto flow = flows_.find(key);
    if (flow == flows_.end()) return;
    flow->second -= used;
    if (flow->second > 0) return;
    const auto place = std::find(old_.begin(), old_.end(), key);
    if (place != old_.end()) old_.splice(old_.end(), old_, place);
  }
  [[nodiscard]] bool knows(const Key& key) const { return flows_.contains(key); }
  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }

  // Nothing waits and nothing is served: what was owed is of no interest to anybody.
  void forget_all() noexcept {
    flows_.clear();
    fresh_.clear();
    old_.clear();
  }

private:
  static constexpr std::size_t kMostOld = 1024;
  Micros quantum_;
  std::unordered_map<Key, Micros> flows_; // credit of every listed flow
  std::list<Key> fresh_, old_;

  // As many rounds as the first busy flow needs. False: none is busy (no credit is given away for nobody).
  template <class Busy>
  bool give_rounds(const Busy& busy) {
    std::optional<Micros> rounds;
    for (const Key& key : old_) {
      if (!busy(key)) continue;
      const Micros needed = -flows_.at(key) / quantum_ + 1;
      rounds = rounds ? std::min(*rounds, needed) : needed;
    }
    if (!rounds) return false;
    for (const Key& key : old_) flows_.at(key) += *rounds * quantum_;
    return true;
  }
};

} // namespace ledgergate::upstream
