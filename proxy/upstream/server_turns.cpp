#include "upstream/server_turns.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ledgergate::upstream {
namespace {

TurnQueue::Bounds bounds_of(const settings::Server& server) {
  TurnQueue::Bounds bounds;
  bounds.places = server.concurrency;
  bounds.depth = server.queue.depth;
  bounds.depth_per_client = server.queue.depth_per_client;
  return bounds;
}

// Who waits here holds a place of its unit: there are no more of them than those places.
TurnQueue::Bounds bounds_of_all(const settings::Server& server) {
  TurnQueue::Bounds bounds;
  bounds.places = server.units.empty() ? server.concurrency : server.concurrency_total;
  bounds.depth = bounds.depth_per_client = std::numeric_limits<std::uint32_t>::max();
  return bounds;
}

} // namespace

ServerTurns::ServerTurns(const settings::Server& server) : shared_(std::make_shared<Turns>(bounds_of(server))) {
  // Also without units, for a reload may bring them.
  if (server.profile == settings::Profile::apicomprem) all_ = std::make_shared<Turns>(bounds_of_all(server));
  for (const std::string& unit : server.units) own_.emplace(unit, Own{std::make_shared<Turns>(bounds_of(server))});
}

void ServerTurns::apply(const settings::Server& server) {
  const std::lock_guard guard(lock_);
  const auto bounds = bounds_of(server);
  shared_->set_bounds(bounds);
  if (server.profile == settings::Profile::apicomprem && all_ == nullptr) all_ = std::make_shared<Turns>(bounds_of_all(server));
  if (all_ != nullptr) all_->set_bounds(bounds_of_all(server));
  for (auto& [unit, own] : own_) {
    own.listed = std::find(server.units.begin(), server.units.end(), unit) != server.units.end();
    own.line->set_bounds(bounds);
  }
  for (const std::string& unit : server.units) {
    Own& own = own_[unit];
    own.listed = true;
    if (own.line != nullptr) continue;
    own.line = std::make_shared<Turns>(bounds);
    own.shared_until = shared_->last();
  }
}

ServerTurns::Lines ServerTurns::lines(std::string_view unit) {
  const std::lock_guard guard(lock_);
  Lines out;
  bool shared = true;
  if (const auto found = own_.find(unit); found != own_.end()) {
    Own& own = found->second;
    const bool empty = own.line->oldest() == 0;
    if (own.listed || !empty) out.line[out.count++] = own.line;
    if (own.listed) {
      const auto oldest = shared_->oldest();
      if (oldest == 0 || oldest > own.shared_until) own.shared_until = 0;
      shared = own.shared_until != 0;
    } else if (empty) {
      own_.erase(found);
    }
  }
  if (shared) out.line[out.count++] = shared_;
  if (all_ != nullptr) out.line[out.count++] = all_;
  return out;
}

std::size_t ServerTurns::waiting() const {
  const std::lock_guard guard(lock_);
  std::size_t waiting = shared_->waiting() + (all_ != nullptr ? all_->waiting() : 0);
  for (const auto& [unit, own] : own_) waiting += own.line->waiting();
  return waiting;
}

std::uint32_t ServerTurns::taken() const {
  const std::lock_guard guard(lock_);
  return (all_ != nullptr ? all_ : shared_)->taken();
}

std::uint32_t ServerTurns::places() const {
  const std::lock_guard guard(lock_);
  return (all_ != nullptr ? all_ : shared_)->places();
}

} // namespace ledgergate::upstream
