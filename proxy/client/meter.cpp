#include "client/meter.h"

#include <algorithm>
#include <limits>

namespace ledgergate::client {
namespace {

constexpr Nanos kLongest = std::numeric_limits<Nanos>::max() / 4;

// The time that `amount` costs. In double: a rate of 1 MB a second is one byte in 1000 ns, and 2^53 ns are 104 days.
Nanos cost(const settings::Rate& rate, std::uint64_t amount) noexcept {
  const double each = static_cast<double>(rate.per.count()) * 1e6 / static_cast<double>(rate.amount);
  return static_cast<Nanos>(std::min(each * static_cast<double>(amount), static_cast<double>(kLongest)));
}

Nanos depth(const settings::Rate& rate) noexcept { return cost(rate, rate.burst != 0 ? rate.burst : rate.amount); }

} // namespace

Nanos Bucket::take(const settings::Rate& rate, std::uint64_t amount, Nanos now) noexcept {
  if (rate.amount == 0) return 0;
  const Nanos room = depth(rate);
  const Nanos wanted = std::min(cost(rate, amount), room);
  Nanos full_at = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    const Nanos from = std::max(full_at, now);
    const Nanos excess = from + wanted - now - room;
    if (excess > 0) return excess;
    if (full_at_.compare_exchange_weak(full_at, from + wanted, std::memory_order_relaxed)) return 0;
  }
}

void Bucket::charge(const settings::Rate& rate, std::uint64_t amount, Nanos now) noexcept {
  if (rate.amount == 0 || amount == 0) return;
  const Nanos wanted = cost(rate, amount);
  Nanos full_at = full_at_.load(std::memory_order_relaxed);
  Nanos next = 0;
  do {
    next = std::min(std::max(full_at, now) + wanted, now + kLongest);
  } while (!full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed));
}

void Bucket::give_back(const settings::Rate& rate, std::uint64_t amount) noexcept {
  if (rate.amount == 0) return;
  // As much as take() took. What lies in the past of a bucket that has filled meanwhile counts for nothing.
  const Nanos given = std::min(cost(rate, amount), depth(rate));
  Nanos full_at = full_at_.load(std::memory_order_relaxed);
  while (!full_at_.compare_exchange_weak(full_at, std::max(full_at, -kLongest + given) - given, std::memory_order_relaxed)) {}
}

Nanos Bucket::wait(const settings::Rate& rate, Nanos now) const noexcept {
  if (rate.amount == 0) return 0;
  const Nanos from = std::max(full_at_.load(std::memory_order_relaxed), now);
  const Nanos room = depth(rate);
  return std::max<Nanos>(0, from + std::min(cost(rate, 1), room) - now - room);
}

std::uint64_t Bucket::left(const settings::Rate& rate, Nanos now) const noexcept {
  if (rate.amount == 0) return 0;
  const Nanos free = depth(rate) - until_full(now);
  if (free <= 0) return 0;
  const double each = static_cast<double>(rate.per.count()) * 1e6 / static_cast<double>(rate.amount);
  const std::uint64_t most = rate.burst != 0 ? rate.burst : rate.amount;
  const double left = static_cast<double>(free) / each + 1e-9;
  return left >= static_cast<double>(most) ? most : static_cast<std::uint64_t>(left);
}

Nanos Bucket::until_full(Nanos now) const noexcept { return std::max<Nanos>(0, full_at_.load(std::memory_order_relaxed) - now); }

} // namespace ledgergate::client
