#include "upstream/turn_queue.h"

#include <algorithm>

namespace ledgergate::upstream {
namespace {
// How much the newest service counts in the mean: an eighth, as TCP's round-trip estimate (RFC 6298).
constexpr Micros kWeight = 8;
} // namespace

TurnQueue::TurnQueue(const Bounds& bounds)
    : bounds_(bounds), classes_{Class(bounds.quantum), Class(bounds.quantum), Class(bounds.quantum)} {}

TurnQueue::Asked TurnQueue::ask(const std::string& client, std::uint64_t connection, TurnClass turn_class, Micros now) {
  if (waiting() >= bounds_.depth) return {0, Refusal::full};
  Class& line = classes_[static_cast<std::size_t>(turn_class)];
  if (line.line.waiting(client) >= bounds_.depth_per_client) return {0, Refusal::client_full};
  forget_clients(line);
  const Ticket ticket = last_ + 1;
  Client& flow = line.clients.try_emplace(client, bounds_.quantum).first->second;
  int done = 0;
  try {
    flow.tickets[connection].push_back(ticket);
    flow.lanes.join(connection, now);
    ++done;
    line.line.join(client, now);
    ++done;
    line.since.emplace(ticket, now);
    places_.emplace(ticket, Place{turn_class, client, connection, now});
  } catch (...) {
    line.since.erase(ticket);
    if (done > 1) line.line.leave(client);
    if (done > 0) flow.lanes.leave(connection);
    drop_ticket(flow, connection, ticket);
    throw;
  }
  last_ = ticket;
  return {ticket, Refusal::none};
}

// The highest class with something waiting, unless a lower one has had no place for too long.
TurnQueue::Class* TurnQueue::choose(Micros now) {
  Class* chosen = nullptr;
  Class* overdue = nullptr;
  for (Class& line : classes_) {
    if (line.since.empty()) continue;
    if (chosen == nullptr) chosen = &line;
    if (line.served != 0 || now - line.waits_since() < bounds_.age) continue;
    if (overdue == nullptr || line.waits_since() < overdue->waits_since()) overdue = &line;
  }
  return overdue != nullptr ? overdue : chosen;
}

std::optional<TurnQueue::Ticket> TurnQueue::next(Micros now) {
  if (served_ >= bounds_.places) return std::nullopt;
  Class* line = choose(now);
  if (line == nullptr) return std::nullopt;
  Client& flow = line->clients.at(*line->line.take());
  const Ticket ticket = flow.tickets.at(*flow.lanes.take()).front();
  Place& place = places_.at(ticket);
  take_out(place, ticket);
  ++line->served;
  ++served_;
  place.served = true;
  place.since = now;
  return ticket;
}

bool TurnQueue::leave(Ticket ticket) {
  const auto found = places_.find(ticket);
  if (found == places_.end() || found->second.served) return false;
  const auto node = places_.extract(found);
  const Place& place = node.mapped();
  take_out(place, ticket);
  Class& line = class_of(place);
  line.clients.at(place.client).lanes.leave(place.connection);
  line.line.leave(place.client);
  forget_clients(line);
  return true;
}

void TurnQueue::drop_ticket(Client& flow, std::uint64_t connection, Ticket ticket) noexcept {
  const auto tickets = flow.tickets.find(connection);
  if (tickets == flow.tickets.end()) return;
  std::erase(tickets->second, ticket);
  if (tickets->second.empty()) flow.tickets.erase(tickets);
}

// Out of everything that waits.
void TurnQueue::take_out(const Place& place, Ticket ticket) noexcept {
  Class& line = class_of(place);
  drop_ticket(line.clients.at(place.client), place.connection, ticket);
  line.since.erase(ticket);
}

void TurnQueue::give_back(Ticket ticket, Micros now) {
  const auto found = places_.find(ticket);
  if (found == places_.end() || !found->second.served) return;
  const auto node = places_.extract(found);
  const Place& place = node.mapped();
  --served_;
  const Micros used = std::max<Micros>(now - place.since, 1);
  mean_service_ = mean_service_ == 0 ? used : mean_service_ + (used - mean_service_) / kWeight;
  Class& line = class_of(place);
  --line.served;
  line.last = now;
  line.line.charge(place.client, used, now);
  line.clients.at(place.client).lanes.charge(place.connection, used, now);
  if (!places_.empty()) return;
  // What was owed is of no interest to anybody.
  for (Class& idle : classes_) {
    idle.line = FairLine<std::string>(bounds_.quantum);
    idle.clients.clear();
  }
}

// The line forgets by itself; what hangs on its clients goes a little later, many at a time.
void TurnQueue::forget_clients(Class& line) {
  if (line.clients.size() > 2 * line.line.flows() + 64)
    std::erase_if(line.clients, [&](const auto& each) { return !line.line.knows(each.first); });
}

std::size_t TurnQueue::remembered() const noexcept {
  std::size_t flows = 0;
  for (const Class& line : classes_) {
    flows += line.line.flows() + line.clients.size();
    for (const auto& client : line.clients) flows += client.second.lanes.flows();
  }
  return flows;
}

TurnQueue::Ticket TurnQueue::oldest() const noexcept {
  Ticket oldest = 0;
  for (const auto& [ticket, place] : places_)
    if (oldest == 0 || ticket < oldest) oldest = ticket;
  return oldest;
}

Micros TurnQueue::expected_wait() const noexcept {
  const auto ahead = static_cast<Micros>(places_.size());
  return mean_service_ * ahead / std::max<Micros>(bounds_.places, 1);
}

} // namespace ledgergate::upstream
