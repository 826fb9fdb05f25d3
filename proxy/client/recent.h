// A map of bounded size: the entry that was touched longest ago is forgotten for a new one. Not safe by itself: whoever shares one
// guards it.
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
  // Made when it is not known.
  Value& touch(const Key& key) {
    const auto [found, fresh] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (!fresh) {
      by_use_.splice(by_use_.begin(), by_use_, entry.use);
      return entry.value;
    }
    by_use_.push_front(&found->first);
    entry.use = by_use_.begin();
    if (entries_.size() > most_) erase(*by_use_.back());
    return entry.value;
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
