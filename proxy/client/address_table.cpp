#include "client/address_table.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <random>

namespace ledgergate::client {

namespace {
// How many held entries are passed over in the search for one to forget: bounds the time under the lock.
constexpr int kLook = 32;
} // namespace

AddressTable::Hash AddressTable::random_hash() {
  std::random_device device;
  return {(static_cast<std::uint64_t>(device()) << 32U) | device()};
}

IpAddress network_of(const IpAddress& ip) noexcept {
  IpAddress out = ip;
  if (out.v6) std::fill(out.bytes.begin() + 8, out.bytes.end(), std::uint8_t{0});
  return out;
}

std::size_t AddressTable::Hash::operator()(const IpAddress& ip) const noexcept {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, ip.bytes.data(), 8);
  std::memcpy(&low, ip.bytes.data() + 8, 8);
  std::uint64_t mixed = seed ^ (ip.v6 ? 0x9e3779b97f4a7c15ULL : 0);
  for (const std::uint64_t part : {high, low}) {
    mixed ^= part;
    mixed *= 0xff51afd7ed558ccdULL;
    mixed ^= mixed >> 32U;
    mixed *= 0xc4ceb9fe1a85ec53ULL;
    mixed ^= mixed >> 29U;
  }
  return mixed;
}

AddressTable::AddressTable(std::size_t entries) : hash_(random_hash()) {
  for (auto& each : shards_) each = std::make_unique<Shard>(hash_);
  set_entries(entries);
}

void AddressTable::set_entries(std::size_t entries) noexcept {
  each_.store(std::max<std::size_t>(1, entries / kShards), std::memory_order_relaxed);
}

void AddressTable::forget_oldest(Shard& shard, std::size_t most) noexcept {
  int looked = 0;
  for (auto oldest = shard.by_use.end(); shard.by_use.size() > most && oldest != shard.by_use.begin() && looked < kLook; ++looked) {
    --oldest;
    if (oldest->held != 0) continue;
    shard.found.erase(oldest->address);
    oldest = shard.by_use.erase(oldest);
  }
}

AddressTable::Hold AddressTable::hold(const IpAddress& ip) noexcept {
  const IpAddress network = network_of(ip);
  Shard& in = shard(network);
  const std::lock_guard guard(in.lock);
  if (const auto known = in.found.find(network); known != in.found.end()) {
    in.by_use.splice(in.by_use.begin(), in.by_use, known->second);
    ++known->second->held;
    return {this, &*known->second};
  }
  const std::size_t most = each_.load(std::memory_order_relaxed);
  forget_oldest(in, most - 1);
  if (in.by_use.size() >= most) return {this, &shared_};
  try {
    in.by_use.emplace_front();
    in.by_use.front().address = network;
    in.by_use.front().held = 1;
    in.found.emplace(network, in.by_use.begin());
  } catch (const std::bad_alloc&) {
    if (!in.by_use.empty() && in.by_use.front().address == network) in.by_use.pop_front();
    return {this, &shared_};
  }
  return {this, &in.by_use.front()};
}

AddressTable::Hold& AddressTable::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    let_go();
    table_ = std::exchange(other.table_, nullptr);
    entry_ = std::exchange(other.entry_, nullptr);
  }
  return *this;
}

void AddressTable::Hold::let_go() noexcept {
  if (entry_ == nullptr) return;
  if (entry_ != &table_->shared_) {
    Shard& in = table_->shard(entry_->address);
    const std::lock_guard guard(in.lock);
    --entry_->held;
  }
  table_ = nullptr;
  entry_ = nullptr;
}

std::size_t AddressTable::size() const {
  std::size_t out = 0;
  for (const auto& each : shards_) {
    const std::lock_guard guard(each->lock);
    out += each->by_use.size();
  }
  return out;
}

} // namespace ledgergate::client
