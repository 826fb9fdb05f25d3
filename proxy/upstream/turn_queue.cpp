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
  if (line.clients.size() > 2 * line.line.flows() + 64)
    std::erase_if(line.clients, [&](const auto& each) {
      return each.second.waiting == 0 && each.second.served == 0 && !line.line.knows(each.first);
    });
  Client& flow = line.clients.try_emplace(client, bounds_.quantum).first->second;
  if (flow.waiting >= bounds_.depth_per_client) return {0, Refusal::client_full};
  const Ticket ticket = ++last_;
  flow.tickets[connection].push_back(ticket);
  ++flow.waiting;
  flow.lanes.join(connection);
  line.line.join(client);
  line.since.emplace(ticket, now);
  waiting_.emplace(ticket, Place{turn_class, client, connection, now});
  return {ticket, Refusal::none};
}

// The highest class with something waiting, unless a lower one has waited too long.
TurnQueue::Class* TurnQueue::choose(Micros now) {
  Class* chosen = nullptr;
  Class* overdue = nullptr;
  for (Class& line : classes_) {
    if (line.since.empty()) continue;
    if (chosen == nullptr) chosen = &line;
    const Micros oldest = line.since.begin()->second;
    if (now - oldest >= bounds_.age && (overdue == nullptr || oldest < overdue->since.begin()->second)) overdue = &line;
  }
  return overdue != nullptr ? overdue : chosen;
}

std::optional<TurnQueue::Ticket> TurnQueue::next(Micros now) {
  if (served_.size() >= bounds_.places) return std::nullopt;
  Class* line = choose(now);
  if (line == nullptr) return std::nullopt;
  const auto client = line->line.front([&](const std::string& name) {
    const auto found = line->clients.find(name);
    return found != line->clients.end() && found->second.waiting != 0;
  });
  Client& flow = line->clients.at(*client);
  const auto lane = flow.lanes.front([&](std::uint64_t connection) { return flow.tickets.contains(connection); });
  const Ticket ticket = flow.tickets.at(*lane).front();
  Place place = waiting_.at(ticket);
  take_out(place, ticket);
  ++flow.served;
  place.since = now;
  served_.emplace(ticket, std::move(place));
  return ticket;
}

bool TurnQueue::leave(Ticket ticket) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return false;
  const Place place = found->second;
  take_out(place, ticket);
  forget_if_done(classes_[static_cast<std::size_t>(place.turn_class)], place.client);
  return true;
}

// Out of everything that waits.
void TurnQueue::take_out(const Place& place, Ticket ticket) {
  Class& line = classes_[static_cast<std::size_t>(place.turn_class)];
  Client& flow = line.clients.at(place.client);
  const auto tickets = flow.tickets.find(place.connection);
  std::erase(tickets->second, ticket);
  if (tickets->second.empty()) flow.tickets.erase(tickets);
  --flow.waiting;
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
  Class& line = classes_[static_cast<std::size_t>(place.turn_class)];
  line.line.charge(place.client, used);
  Client& flow = line.clients.at(place.client);
  flow.lanes.charge(place.connection, used);
  --flow.served;
  forget_if_done(line, place.client);
  if (!waiting_.empty() || !served_.empty()) return;
  for (Class& idle : classes_) {
    idle.line.forget_all();
    idle.clients.clear();
  }
}

void TurnQueue::forget_if_done(Class& line, const std::string& client) {
  const auto found = line.clients.find(client);
  if (found->second.waiting == 0 && found->second.served == 0 && !line.line.knows(client)) line.clients.erase(found);
}

Micros TurnQueue::expected_wait() const noexcept {
  const auto ahead = static_cast<Micros>(waiting_.size() + served_.size());
  return mean_service_ * ahead / std::max<Micros>(bounds_.places, 1);
}

} // namespace ledgergate::upstream
