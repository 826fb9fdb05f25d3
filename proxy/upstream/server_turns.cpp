#include "upstream/server_turns.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ledgergate::upstream {
namespace {

TurnQueue::Bounds bounds_of(const settings::Server& server) {
  TurnQueue::Bounds bounds;
  bounds.places = server.concurrency != 0 ? server.concurrency : Turns::kNoBound;
  bounds.depth = server.queue.depth;
  bounds.depth_per_client = server.queue.depth_per_client;
  return bounds;
}

// Who waits here holds a place of its unit: there are no more of them than those places.
TurnQueue::Bounds bounds_of_all(const settings::Server& server) {
  TurnQueue::Bounds bounds = bounds_of(server);
  if (server.concurrency != 0 && !server.units.empty()) bounds.places = server.concurrency_total;
  bounds.depth = bounds.depth_per_client = std::numeric_limits<std::uint32_t>::max();
  return bounds;
}

bool is_empty(const Turns& line) { return line.oldest() == 0 && line.besides() == 0; }

} // namespace

ServerTurns::ServerTurns(const settings::Server& server) : shared_(std::make_shared<Turns>(bounds_of(server))) {
  // Also without units, for a reload may bring them.
  if (server.profile == settings::Profile::apicomprem) all_ = std::make_shared<Turns>(bounds_of_all(server));
  for (const std::string& unit : server.units) own_.emplace(unit, Own{std::make_shared<Turns>(bounds_of(server))});
  one_line_ = all_ == nullptr && own_.empty();
}

void ServerTurns::prepare(const settings::Server& server) {
  const std::lock_guard guard(lock_);
  if (server.profile == settings::Profile::apicomprem && all_ == nullptr && next_all_ == nullptr)
    next_all_ = std::make_shared<Turns>(bounds_of_all(server));
  for (const std::string& unit : server.units)
    if (const auto known = own_.find(unit); known == own_.end())
      own_.emplace(unit, Own{std::make_shared<Turns>(bounds_of(server)), false, 0, true});
    else if (!known->second.listed)
      known->second.fresh = true; // it stays until apply(), though it may be empty before
}

void ServerTurns::apply(const settings::Server& server) noexcept {
  const std::lock_guard guard(lock_);
  const auto bounds = bounds_of(server);
  if (server.profile == settings::Profile::apicomprem && all_ == nullptr) all_ = std::move(next_all_);
  // The server's line first, and the lines that lead there behind it: who is let through these finds the bound of that one.
  if (all_ != nullptr) all_->set_bounds(bounds_of_all(server));
  shared_->set_bounds(bounds);
  for (auto& [unit, own] : own_) {
    own.listed = std::find(server.units.begin(), server.units.end(), unit) != server.units.end();
    own.line->set_bounds(bounds);
    if (std::exchange(own.fresh, false) && own.listed) own.shared_until = std::max<TurnQueue::Ticket>(shared_->last(), 1);
  }
  // Also those that a reload was prepared for which was refused.
  std::erase_if(own_, [](const auto& each) { return !each.second.listed && is_empty(*each.second.line); });
  if (all_ != nullptr || !own_.empty()) one_line_ = false;
}

// Whether the shared line may still hold requests of a unit that has its own by now.
bool ServerTurns::shares(Own& own) const {
  const auto oldest = shared_->oldest();
  if (shared_->besides() == 0 && (oldest == 0 || oldest > own.shared_until)) own.shared_until = 0;
  return own.shared_until != 0;
}

ServerTurns::Lines ServerTurns::lines_now(std::string_view unit) {
  Lines out;
  bool shared = true;
  if (const auto found = own_.find(unit); found != own_.end()) {
    Own& own = found->second;
    const bool empty = is_empty(*own.line);
    if (own.listed || !empty) out.line[out.count++] = own.line;
    if (own.listed)
      shared = shares(own);
    else if (empty && !own.fresh)
      own_.erase(found);
  }
  if (shared) out.line[out.count++] = shared_;
  if (all_ != nullptr) out.line[out.count++] = all_;
  return out;
}

ServerTurns::Lines ServerTurns::lines(std::string_view unit) {
  const std::lock_guard guard(lock_);
  return lines_now(unit);
}

ServerTurns::Entrance ServerTurns::enter(std::string_view unit, io::Wake& wake, const Applicant& applicant) {
  const std::lock_guard guard(lock_);
  Lines lines = lines_now(unit);
  auto first = lines.line[0]->stand(wake, applicant);
  return {std::move(lines), std::move(first)};
}

std::optional<Turn> ServerTurns::take_free(std::string_view unit, const Applicant& applicant) {
  Turn turn;
  const std::lock_guard guard(lock_);
  const Lines at = lines_now(unit);
  for (std::size_t i = 0; i < at.count; ++i) {
    auto one = at.line[i]->take_free(applicant);
    if (!one) return std::nullopt;
    turn.join(std::move(*one));
  }
  return turn;
}

Turn ServerTurns::beside(std::string_view unit) {
  if (one_line_.load()) {
    auto one = shared_->beside();
    // If units came meanwhile, they may not have seen this one: it asks again, with the lock.
    if (one_line_.load()) return one ? std::move(*one) : Turn();
  }
  Turn turn;
  const std::lock_guard guard(lock_);
  const Lines at = lines_now(unit);
  for (std::size_t i = 0; i < at.count; ++i) {
    auto one = at.line[i]->beside();
    if (!one) return {};
    turn.join(std::move(*one));
  }
  return turn;
}

ServerTurns::Places ServerTurns::places_now() const { return {shared_->places(), (all_ != nullptr ? all_ : shared_)->places()}; }

ServerTurns::Places ServerTurns::each_and_all() const {
  const std::lock_guard guard(lock_);
  return places_now();
}

ServerTurns::Part ServerTurns::part(std::string_view unit) const {
  const std::lock_guard guard(lock_);
  Part part;
  part.places = places_now();
  part.units = std::any_of(own_.begin(), own_.end(), [](const auto& each) { return each.second.listed; });
  if (const auto found = own_.find(unit); found != own_.end() && found->second.listed) part.unit = unit;
  return part;
}

bool ServerTurns::empty() const {
  const auto nobody = [](const Line& line) { return line == nullptr || is_empty(*line); };
  const std::lock_guard guard(lock_);
  return nobody(shared_) && nobody(all_) &&
         std::all_of(own_.begin(), own_.end(), [&](const auto& each) { return nobody(each.second.line); });
}

std::size_t ServerTurns::own_lines() const {
  const std::lock_guard guard(lock_);
  return own_.size();
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
