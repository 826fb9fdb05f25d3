// Whether the process is beyond its memory budget. The kernel's count is what the machine runs out of, so that is what is watched:
// a reading ten times a second costs nothing, and counting every buffer would miss what the libraries hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ledgergate {

// Resident bytes, from the text of /proc/self/statm (proc(5)); nothing when it can't be read.
[[nodiscard]] std::optional<std::uint64_t> resident_bytes(std::string_view statm, std::uint64_t page);
// Any thread.
[[nodiscard]] std::optional<std::uint64_t> resident_now() noexcept;

// Three quarters of the smaller of the machine's memory and its control group's bound (cgroup v2, memory.max).
[[nodiscard]] std::uint64_t default_memory_budget();

// Goes over at the budget and comes back an eighth below it, so that it does not flicker. Pure.
class MemoryWatch {
public:
  void set_budget(std::uint64_t bytes) noexcept { budget_ = bytes; }
  [[nodiscard]] std::uint64_t budget() const noexcept { return budget_; }
  // True: the state has changed.
  bool saw(std::uint64_t resident) noexcept {
    const bool before = over_;
    over_ = resident > (over_ ? budget_ - budget_ / 8 : budget_);
    return over_ != before;
  }
  [[nodiscard]] bool over() const noexcept { return over_; }
  // Beyond the budget: how much has to be given back (bytes) before it is within it again. Else 0.
  [[nodiscard]] std::uint64_t excess(std::uint64_t resident) const noexcept {
    const std::uint64_t low = budget_ - budget_ / 8;
    return over_ && resident > low ? resident - low : 0;
  }

private:
  std::uint64_t budget_ = UINT64_MAX;
  bool over_ = false;
};

// Shows the watch what is resident now; the excess comes back. When the state changes, that is logged and becomes `short_of_memory`
// (shared.h): beyond the budget room is made (shedding.h) and requests of strangers get 503. Main thread; throws std::bad_alloc.
std::uint64_t look_at_memory(MemoryWatch& watch, std::atomic<bool>& short_of_memory);

} // namespace ledgergate
