// A map of bounded size: the entry that was touched longest ago is forgotten for a new one. Not safe by itself: whoever shares one
// guards it.
//
// Invariant: each entry stands in both lists, also after a touch() that threw.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string_view>
#include <utility>

namespace ledgergate::client {

template <class Key, class Value>
class Recent {
public:
  explicit Recent(std::size_t most) : most_(most) {}

  // Without touching it; null: not known. Good until the next touch() or erase().
  template <class Like>
  [[nodiscard]] Value* find(const Like& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.value;
  }
  // Made when it is not known. Throws std::bad_alloc, and nothing has happened then; with a key that is known it needs no memory.
  Value& touch(const Key& key) {
    if (const auto known = entries_.find(key); known != entries_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, known->second.use);
      return known->second.value;
    }
    std::list<const Key*> place(1);
    const auto made = entries_.try_emplace(key).first;
    place.front() = &made->first;
    by_use_.splice(by_use_.begin(), place);
    made->second.use = by_use_.begin();
    if (entries_.size() > most_) erase(*by_use_.back());
    return made->second.value;
  }
  void erase(const Key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    by_use_.erase(found->second.use);
    entries_.erase(found);
  }
  template <class Do>
  void each(const Do& act) {
    for (auto& [key, entry] : entries_) act(key, entry.value);
  }
  template <class Do>
  void each(const Do& act) const {
    for (const auto& [key, entry] : entries_) act(key, entry.value);
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  struct Entry {
    Value value{};
    typename std::list<const Key*>::iterator use{};
  };
  std::size_t most_;
  std::map<Key, Entry, std::less<>> entries_;
  std::list<const Key*> by_use_; // the one touched last at the front
};

} // namespace ledgergate::client
