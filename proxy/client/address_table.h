// What is remembered of addresses: one meter each, in bounded memory. An address is an IPv4 address or an IPv6 /64 (a household or
// an attacker has a whole one).
//
// Invariants: at most `entries` addresses are known; the one that was used longest ago is forgotten first, but never one that is
// held (it has something open). When all are held, newcomers share one more meter. Each shard has its own lock, held for a look-up
// and never across a loop; a meter is used without one.
#pragma once

#include "base/address.h"
#include "client/meter.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace ledgergate::client {

// IPv6: the /64; IPv4: as it is.
[[nodiscard]] IpAddress network_of(const IpAddress& ip) noexcept;

class AddressTable {
  struct Entry {
    IpAddress address;
    Meter meter;
    std::uint32_t held = 0; // under the shard's lock
  };

public:
  // Keeps its address from being forgotten. May end on any thread. The table must outlive it.
  class Hold {
  public:
    Hold() = default;
    Hold(Hold&& other) noexcept : table_(std::exchange(other.table_, nullptr)), entry_(std::exchange(other.entry_, nullptr)) {}
    Hold& operator=(Hold&& other) noexcept;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { let_go(); }
    [[nodiscard]] Meter* meter() const noexcept { return entry_ != nullptr ? &entry_->meter : nullptr; }

  private:
    friend class AddressTable;
    Hold(AddressTable* table, Entry* entry) noexcept : table_(table), entry_(entry) {}
    void let_go() noexcept;
    AddressTable* table_ = nullptr;
    Entry* entry_ = nullptr;
  };

  explicit AddressTable(std::size_t entries);
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  // Never fails: without memory for a new entry the shared one is given.
  [[nodiscard]] Hold hold(const IpAddress& ip) noexcept;
  // A smaller bound takes hold as new addresses come.
  void set_entries(std::size_t entries) noexcept;
  [[nodiscard]] std::size_t size() const;

private:
  static constexpr std::size_t kShards = 16;
  struct Hash {
    std::uint64_t seed; // an attacker chooses addresses, not their places
    std::size_t operator()(const IpAddress& ip) const noexcept;
  };
  [[nodiscard]] static Hash random_hash();
  struct Shard {
    mutable std::mutex lock;
    std::list<Entry> by_use; // the one used last at the front
    std::unordered_map<IpAddress, std::list<Entry>::iterator, Hash> found;
    explicit Shard(Hash hash) : found(0, hash) {}
  };
  Hash hash_;
  std::atomic<std::size_t> each_; // entries a shard
  std::array<std::unique_ptr<Shard>, kShards> shards_;
  Entry shared_{}; // for newcomers when all are held

  Shard& shard(const IpAddress& ip) const noexcept { return *shards_[hash_(ip) >> 7U & (kShards - 1)]; }
  static void forget_oldest(Shard& shard, std::size_t most) noexcept;
};

} // namespace ledgergate::client
