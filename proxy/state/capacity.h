// How many callers' connections may be open: by listener (its max_connections) and by process (what the descriptors allow, with a
// reserve for servers, logs and spool files). Counted over all workers.
#pragma once

#include "io/loop.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdint>
#include <memory>
#include <utility>

namespace ledgergate {

struct Capacity {
  std::atomic<std::uint32_t> open{0};
  std::uint32_t most = UINT32_MAX; // set before the workers start
};

struct DescriptorShares {
  std::uint32_t callers = UINT32_MAX;
  io::DescriptorBounds bounds;
};

// How the descriptors that `limit` allows are shared, `used` of which are taken at the start. Each caller may need a second one
// (its server) and a third (a spool file), but not all at the same time: callers get two thirds of the sockets. A sixteenth is
// kept for spool files, and as much for what is opened now and then (logs, name servers, settings). Pure.
[[nodiscard]] inline DescriptorShares share_descriptors(std::uint64_t limit, std::uint64_t used) noexcept {
  const std::uint64_t left = limit > used ? limit - used : 0;
  const std::uint64_t kept = std::clamp<std::uint64_t>(left / 16, 3, 64);
  const std::uint64_t sockets = left > 2 * kept ? left - 2 * kept : 0;
  const auto number = [&](std::uint64_t below) {
    return static_cast<int>(std::min<std::uint64_t>(limit > below ? limit - below : 0, INT_MAX));
  };
  return {static_cast<std::uint32_t>(std::clamp<std::uint64_t>(sockets * 2 / 3, 4, UINT32_MAX)), {number(2 * kept), number(kept)}};
}

// Of this process: what its limit allows, less what is open now. At the start, on the main thread.
[[nodiscard]] DescriptorShares shares_of_descriptors();
// No more than that, whatever the limit: each worker's loop has a table of all numbers, 8 bytes each, from the start (1 MiB here).
// Two less than a power of two is what libuv makes of it.
inline constexpr int kMostDescriptors = (1 << 17) - 2;
// To what the hard limit allows (the soft one is a relic of select(), and we use none), or to kMostDescriptors.
void set_descriptor_limit() noexcept;
// Every descriptor of this process has a lower number.
[[nodiscard]] int most_descriptors() noexcept;

// One open connection in both counts, for as long as it lives.
class Slot {
public:
  // Not taken() when either count is at its bound.
  Slot(std::shared_ptr<std::atomic<std::uint32_t>> listener, std::uint32_t listener_most, Capacity& process)
      : listener_(std::move(listener)), process_(&process) {
    const bool fits = listener_->fetch_add(1, std::memory_order_relaxed) < listener_most;
    const bool fits_too = process_->open.fetch_add(1, std::memory_order_relaxed) < process_->most;
    if (fits && fits_too) return;
    process_full_ = !fits_too;
    leave();
  }
  Slot(Slot&& other) noexcept : listener_(std::move(other.listener_)), process_(std::exchange(other.process_, nullptr)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  Slot& operator=(Slot&&) = delete;
  ~Slot() { leave(); }
  [[nodiscard]] bool taken() const noexcept { return process_ != nullptr; }
  // Which listener's count it is in.
  [[nodiscard]] const void* listener() const noexcept { return listener_.get(); }
  // Not taken, and it is the process that has no room.
  [[nodiscard]] bool process_full() const noexcept { return process_full_; }

private:
  std::shared_ptr<std::atomic<std::uint32_t>> listener_;
  Capacity* process_;
  bool process_full_ = false;

  void leave() noexcept {
    if (process_ == nullptr) return;
    process_->open.fetch_sub(1, std::memory_order_relaxed);
    listener_->fetch_sub(1, std::memory_order_relaxed);
    process_ = nullptr;
  }
};

} // namespace ledgergate
