#include "observe/tally.h"

namespace ledgergate::observe {

void Histogram::add(std::int64_t micros) noexcept {
  std::size_t bucket = 0;
  while (bucket < kBuckets.size() && micros > kBuckets[bucket]) ++bucket;
  counts[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_micros.fetch_add(static_cast<std::uint64_t>(micros), std::memory_order_relaxed);
}

void Tally::add(std::size_t worker, const AccessRecord& record) noexcept {
  Shard& shard = shards_[worker % shards_.size()];
  const std::size_t status = record.status / 100;
  shard.statuses[status < shard.statuses.size() ? status : 0].fetch_add(1, std::memory_order_relaxed);
  if (record.failure) shard.causes[static_cast<std::size_t>(record.failure->cause)].fetch_add(1, std::memory_order_relaxed);
  if (record.outcome != Outcome::none)
    shard.outcomes[static_cast<std::size_t>(record.outcome)].fetch_add(1, std::memory_order_relaxed);
  shard.bytes_in.fetch_add(record.bytes_in, std::memory_order_relaxed);
  shard.bytes_out.fetch_add(record.bytes_out, std::memory_order_relaxed);
  shard.duration.add(record.total_micros);
  if (record.turn_micros >= 0) shard.turn.add(record.turn_micros);
}

std::shared_ptr<Tally> Tallies::of(const std::string& route) {
  const std::lock_guard guard(lock_);
  if (const auto known = by_name_.find(route); known != by_name_.end()) return known->second;
  return by_name_.emplace(route, std::make_shared<Tally>()).first->second;
}

std::vector<std::pair<std::string, std::shared_ptr<const Tally>>> Tallies::all() const {
  const std::lock_guard guard(lock_);
  return {by_name_.begin(), by_name_.end()};
}

} // namespace ledgergate::observe
