#include "state/shedding.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ledgergate {
namespace {

// Connections of like size are told apart by their age: who has been there for long without a word of who it is goes before one who
// may be about to say so.
std::uint64_t size_class(const Holder& holder) noexcept {
  constexpr std::uint64_t kLeast = 32 * 1024; // below it all are alike
  return static_cast<std::uint64_t>(std::bit_width(holder.bytes / kLeast));
}
bool is_small(const Holder& holder) noexcept { return size_class(holder) <= 1; }

using Iterator = std::vector<Holder>::iterator;

void choose_strangers(Iterator begin, Iterator end, std::uint64_t& bytes, Chosen& out) {
  std::sort(begin, end, [](const Holder& a, const Holder& b) { // the first that goes in front
    const auto large = size_class(a), other = size_class(b);
    return large != other ? large > other : a.connection < b.connection;
  });
  // Behind the large ones stand the small ones of both classes; the newest of them may stay.
  const Iterator small = std::partition_point(begin, end, [](const Holder& each) { return !is_small(each); });
  std::vector<std::uint64_t> numbers;
  for (Iterator each = small; each != end; ++each) numbers.push_back(each->connection);
  std::uint64_t newest = 0;
  if (numbers.size() > kNewcomers) {
    const auto edge = numbers.end() - static_cast<std::ptrdiff_t>(kNewcomers);
    std::nth_element(numbers.begin(), edge, numbers.end());
    newest = *edge;
  }
  for (Iterator each = begin; each != end && bytes > 0; ++each) {
    if (each >= small && each->connection >= newest) continue;
    out.connections.push_back(each->connection);
    ++out.strangers;
    bytes -= std::min(bytes, each->bytes);
  }
}

struct Client {
  std::uint64_t bytes = 0;
  Iterator smallest, next; // of its connections, in order of their size; `next` is behind the largest that is left
};

// Always the largest connection of the one who holds most.
void choose_clients(Iterator begin, Iterator end, std::uint64_t& bytes, Chosen& out) {
  std::sort(begin, end,
            [](const Holder& a, const Holder& b) { return a.client != b.client ? a.client < b.client : a.bytes < b.bytes; });
  const auto less = [](const Client& a, const Client& b) { return a.bytes < b.bytes; };
  std::vector<Client> clients;
  for (Iterator each = begin; each != end; ++each) {
    if (each == begin || each->client != std::prev(each)->client) clients.push_back({0, each, each});
    clients.back().bytes += each->bytes;
    ++clients.back().next;
  }
  std::make_heap(clients.begin(), clients.end(), less);
  while (bytes > 0 && !clients.empty() && clients.front().bytes > kSmallClient) {
    std::pop_heap(clients.begin(), clients.end(), less);
    Client& most = clients.back();
    const Holder& goes = *--most.next;
    out.connections.push_back(goes.connection);
    ++out.clients;
    bytes -= std::min(bytes, goes.bytes);
    most.bytes -= goes.bytes;
    if (most.next == most.smallest)
      clients.pop_back();
    else
      std::push_heap(clients.begin(), clients.end(), less);
  }
}

} // namespace

Chosen choose(std::vector<Holder>& holders, std::uint64_t bytes) {
  Chosen out;
  const Iterator known = std::partition(holders.begin(), holders.end(), [](const Holder& each) { return each.client == 0; });
  choose_strangers(holders.begin(), known, bytes, out);
  choose_clients(known, holders.end(), bytes, out);
  std::sort(out.connections.begin(), out.connections.end());
  return out;
}

std::uint64_t Shedding::begin(std::size_t workers, std::uint64_t bytes) {
  const std::lock_guard guard(lock_);
  holders_.clear();
  bytes_ = bytes;
  missing_ = workers;
  return ++round_;
}

void Shedding::close() {
  const std::lock_guard guard(lock_);
  missing_ = 0;
}

void Shedding::report(std::uint64_t round, const std::vector<Holder>& holders) {
  {
    const std::lock_guard guard(lock_);
    if (round != round_ || missing_ == 0) return;
    holders_.insert(holders_.end(), holders.begin(), holders.end());
    if (--missing_ != 0) return;
  }
  complete_();
}

Chosen Shedding::take() {
  std::vector<Holder> holders;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard guard(lock_);
    if (missing_ != 0) return {}; // another round was begun meanwhile
    holders = std::exchange(holders_, {});
    bytes = std::exchange(bytes_, 0);
  }
  Chosen chosen = choose(holders, bytes);
  const std::lock_guard guard(lock_);
  totals_.strangers += chosen.strangers;
  totals_.clients += chosen.clients;
  return chosen;
}

void Shedding::ended_stranger() noexcept {
  const std::lock_guard guard(lock_);
  ++totals_.strangers;
}

Shedding::Totals Shedding::totals() const {
  const std::lock_guard guard(lock_);
  return totals_;
}

} // namespace ledgergate
