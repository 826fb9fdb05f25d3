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
  if (waiting_.size() >= bounds_.depth) return {0, Refusal::full};
  Class& line = classes_[static_cast<std::size_t>(turn_class)];
  if (line.line.waiting(client) >= bounds_.depth_per_client) return {0, Refusal::client_full};
  forget_clients(line);
  Client& flow = line.clients.try_emplace(client, bounds_.quantum).first->second;
  const Ticket ticket = ++last_;
  flow.tickets[connection].push_back(ticket);
  flow.lanes.join(connection, now);
  line.line.join(client, now);
  line.since.emplace(ticket, now);
  waiting_.emplace(ticket, Place{turn_class, client, connection, now});
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
  if (served_.size() >= bounds_.places) return std::nullopt;
  Class* line = choose(now);
  if (line == nullptr) return std::nullopt;
  const auto client = line->line.take();
  Client& flow = line->clients.at(*client);
  const auto lane = flow.lanes.take();
  const Ticket ticket = flow.tickets.at(*lane).front();
  Place place = waiting_.at(ticket);
  take_out(place, ticket);
  ++line->served;
  place.since = now;
  served_.emplace(ticket, std::move(place));
  return ticket;
}

bool TurnQueue::leave(Ticket ticket) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return false;
  const Place place = found->second;
  take_out(place, ticket);
  Class& line = class_of(place);
  line.clients.at(place.client).lanes.leave(place.connection);
  line.line.leave(place.client);
  forget_clients(line);
  return true;
}

// Out of everything that waits.
void TurnQueue::take_out(const Place& place, Ticket ticket) {
  Class& line = class_of(place);
  Client& flow = line.clients.at(place.client);
  const auto tickets = flow.tickets.find(place.connection);
  std::erase(tickets->second, ticket);
  if (tickets->second.empty()) flow.tickets.erase(tickets);
  line.since.erase(ticket);
  waiting_.erase(ticket);
}

void TurnQueue::give_back(Ticket ticket, Micros now) {
  const auto found = served_.find(ticket);
  if (found == served_.end()) return;
  const Place place = found->second;
  served_.erase(found);
  const Micros used = std::max<Micros>(now - place.since, 1);
  mean_service_ = mean_service_ == 0 ? used : mean_service_ + (used - mean_service_) / kWeight;
  Class& line = class_of(place);
  --line.served;
  line.last = now;
  line.line.charge(place.client, used, now);
  line.clients.at(place.client).lanes.charge(place.connection, used, now);
  if (!waiting_.empty() || !served_.empty()) return;
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
  for (const auto* tickets : {&waiting_, &served_})
    for (const auto& [ticket, place] : *tickets)
      if (oldest == 0 || ticket < oldest) oldest = ticket;
  return oldest;
}

Micros TurnQueue::expected_wait() const noexcept {
  const auto ahead = static_cast<Micros>(waiting_.size() + served_.size());
  return mean_service_ * ahead / std::max<Micros>(bounds_.places, 1);
}

} // namespace ledgergate::upstream
