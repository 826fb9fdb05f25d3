// Where the main thread hears that all workers have done what each was told.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace ledgergate {

class Rendezvous {
public:
  // `all_there` is called on the thread of whoever comes last; it must need no memory.
  explicit Rendezvous(std::function<void()> all_there) : all_there_(std::move(all_there)) {}
  // Main thread, when nobody is on the way: so many will come, one at least.
  void expect(std::size_t count) noexcept { missing_.store(count, std::memory_order_relaxed); }
  // Any thread, once for each that is expected.
  void arrive() noexcept {
    if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) all_there_();
  }

private:
  std::function<void()> all_there_;
  std::atomic<std::size_t> missing_{0};
};

} // namespace ledgergate
