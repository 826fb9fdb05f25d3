// How many callers' connections may be open: by listener (its max_connections) and by process (what the descriptors allow, with a
// reserve for servers, logs and spool files). Counted over all workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace ledgergate {

struct Capacity {
  std::atomic<std::uint32_t> open{0};
  std::uint32_t most = UINT32_MAX; // set before the workers start
};

// One open connection in both counts, for as long as it lives.
class Slot {
public:
  // Not taken() when either count is at its bound.
  Slot(std::shared_ptr<std::atomic<std::uint32_t>> listener, std::uint32_t listener_most, Capacity& process)
      : listener_(std::move(listener)), process_(&process) {
    const bool fits = listener_->fetch_add(1, std::memory_order_relaxed) < listener_most;
    const bool fits_too = process_->open.fetch_add(1, std::memory_order_relaxed) < process_->most;
    if (!fits || !fits_too) leave();
  }
  Slot(Slot&& other) noexcept : listener_(std::move(other.listener_)), process_(std::exchange(other.process_, nullptr)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  Slot& operator=(Slot&&) = delete;
  ~Slot() { leave(); }
  [[nodiscard]] bool taken() const noexcept { return process_ != nullptr; }

private:
  std::shared_ptr<std::atomic<std::uint32_t>> listener_;
  Capacity* process_;

  void leave() noexcept {
    if (process_ == nullptr) return;
    process_->open.fetch_sub(1, std::memory_order_relaxed);
    listener_->fetch_sub(1, std::memory_order_relaxed);
    process_ = nullptr;
  }
};

} // namespace ledgergate
