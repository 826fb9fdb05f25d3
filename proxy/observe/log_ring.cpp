#include "observe/log_ring.h"

#include <algorithm>
#include <cstring>

#include <sys/eventfd.h>

namespace ledgergate::observe {

LogRing::LogRing(std::size_t capacity, int wake) : bytes_(std::make_unique<char[]>(capacity)), capacity_(capacity), wake_(wake) {}

bool LogRing::push(std::string_view line) noexcept {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  const std::size_t used = head - tail_.load(std::memory_order_acquire);
  if (line.size() > capacity_ - used) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const std::size_t place = head & (capacity_ - 1);
  const std::size_t first = std::min(line.size(), capacity_ - place);
  std::memcpy(bytes_.get() + place, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  head_.store(head + line.size(), std::memory_order_release);
  const std::size_t half = capacity_ / 2;
  // A wake-up that gets lost costs one tick of the writer, so its result does not matter.
  if (wake_ >= 0 && used < half && used + line.size() >= half) static_cast<void>(::eventfd_write(wake_, 1));
  return true;
}

void LogRing::take(std::string& out) {
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  const std::size_t used = head_.load(std::memory_order_acquire) - tail;
  const std::size_t place = tail & (capacity_ - 1);
  const std::size_t first = std::min(used, capacity_ - place);
  out.append(bytes_.get() + place, first);
  out.append(bytes_.get(), used - first);
  tail_.store(tail + used, std::memory_order_release);
}

std::uint64_t LogRing::dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

} // namespace ledgergate::observe
