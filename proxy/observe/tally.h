// What has been counted: per route over all workers. A worker adds a few numbers a request; whoever asks for the metrics adds the
// shards up (metrics.h).
//
// Invariants: every number only grows. A tally lives on across reloads, under its route's name (Tallies), so that no series jumps
// back. Workers write the shard of their own number, with relaxed atomics: no lock, and no cache line that two of them fight for.
#pragma once

#include "observe/access_log.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::observe {

// Upper bounds of the histograms' buckets, in microseconds: from a cached answer to a long import.
inline constexpr std::array<std::int64_t, 14> kBuckets = {1'000,      5'000,      10'000,      25'000,       50'000,
                                                          100'000,    250'000,    1'000'000,   2'500'000,    5'000'000,
                                                          10'000'000, 60'000'000, 300'000'000, 3'600'000'000};

using Count = std::atomic<std::uint64_t>;

struct Histogram {
  std::array<Count, kBuckets.size() + 1> counts{}; // the last: beyond all bounds
  Count sum_micros{0};
  void add(std::int64_t micros) noexcept;
};

// Of one route, as one worker sees it.
struct alignas(64) Shard {
  std::array<Count, 6> statuses{}; // [1]..[5]: 1xx..5xx; [0]: nothing was sent
  std::array<Count, kCauseCount> causes{};
  std::array<Count, kOutcomeCount> outcomes{}; // by Outcome; none is not counted
  Count bytes_in{0}, bytes_out{0};
  Histogram duration, turn;
};

class Tally {
public:
  // Any worker's thread; `worker` counts from 0.
  void add(std::size_t worker, const AccessRecord& record) noexcept;
  [[nodiscard]] const std::array<Shard, 8>& shards() const noexcept { return shards_; }

private:
  std::array<Shard, 8> shards_{};
};

// All tallies of the process, by route name. Main thread adds, the admin door reads.
//
// Invariants: by_name_ is guarded by lock_, and has no null in it.
class Tallies {
public:
  // Throws std::bad_alloc, and nothing has happened then.
  [[nodiscard]] std::shared_ptr<Tally> of(const std::string& route);
  [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<const Tally>>> all() const;

private:
  mutable std::mutex lock_;
  std::map<std::string, std::shared_ptr<Tally>> by_name_;
};

} // namespace ledgergate::observe
