// How much somebody has used of what is allowed: GCRA buckets (ITU-T I.371, the generic cell rate algorithm) and counts of what is
// open. One meter for an address, a client, a route.
//
// Any thread, no lock: each bucket is one atomic number. Time is passed in, in nanoseconds of a clock that never goes back.
#pragma once

#include "client/nanos.h"
#include "settings/identity.h"

#include <atomic>
#include <cstdint>

namespace ledgergate::client {

// A bucket as one number: the time at which it is full again (the "theoretical arrival time").
class Bucket {
public:
  // Takes `amount` if the rate allows it: 0. Else nothing is taken, and the time until it would be allowed comes back. An amount
  // beyond the burst is taken when the bucket is full: it would never pass otherwise.
  Nanos take(const settings::Rate& rate, std::uint64_t amount, Nanos now) noexcept;
  // Takes it whether or not it is there: what has already passed. The debt keeps later takers out.
  void charge(const settings::Rate& rate, std::uint64_t amount, Nanos now) noexcept;
  // Back again: it was taken for something that did not happen.
  void give_back(const settings::Rate& rate, std::uint64_t amount) noexcept;
  // Time until an amount of 1 would be allowed; 0: now.
  [[nodiscard]] Nanos wait(const settings::Rate& rate, Nanos now) const noexcept;
  // What could be taken now, and the time until the bucket is full.
  [[nodiscard]] std::uint64_t left(const settings::Rate& rate, Nanos now) const noexcept;
  [[nodiscard]] Nanos until_full(Nanos now) const noexcept;

private:
  std::atomic<Nanos> full_at_{0};
};

struct Meter {
  Bucket requests, bytes_in, bytes_out, handshakes;
  std::atomic<std::uint32_t> concurrent{0}, connections{0};
};

// One of a count, as long as it lives. Not taken() when the bound is reached; a bound of 0 is none, and the count goes on.
class Share {
public:
  Share() = default;
  Share(std::atomic<std::uint32_t>& count, std::uint32_t most) noexcept : count_(&count) {
    const std::uint32_t before = count.fetch_add(1, std::memory_order_relaxed);
    if (most != 0 && before >= most) leave();
  }
  Share(Share&& other) noexcept : count_(other.count_) { other.count_ = nullptr; }
  Share& operator=(Share&& other) noexcept {
    if (this != &other) {
      leave();
      count_ = other.count_;
      other.count_ = nullptr;
    }
    return *this;
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { leave(); }
  [[nodiscard]] bool taken() const noexcept { return count_ != nullptr; }
  void leave() noexcept {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
    count_ = nullptr;
  }

private:
  std::atomic<std::uint32_t>* count_ = nullptr;
};

} // namespace ledgergate::client
