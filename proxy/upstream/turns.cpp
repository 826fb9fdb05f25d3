#include "upstream/turns.h"

#include <uv.h>

#include <algorithm>

namespace ledgergate::upstream {
namespace {
Micros now_micros() { return static_cast<Micros>(uv_hrtime() / 1000); }
constexpr TurnQueue::Ticket kBeside = 0; // no ticket of a queue
} // namespace

void Turn::give_back() noexcept {
  more_.reset();
  for (auto place = held_.rbegin(); place != held_.rend(); ++place)
    if (const auto turns = std::exchange(place->turns, nullptr)) turns->give_back(place->ticket);
}

Turn& Turn::operator=(Turn&& other) noexcept {
  if (this != &other) {
    give_back();
    held_ = std::exchange(other.held_, {});
    more_ = std::move(other.more_);
  }
  return *this;
}

void Turn::join(Turn&& more) noexcept {
  const auto free = std::find_if(held_.begin(), held_.end(), [](const Place& place) { return place.turns == nullptr; });
  if (free != held_.end()) *free = std::exchange(more.held_[0], {});
}

Result<Turns::Standing> Turns::stand(io::Wake& wake, const Applicant& applicant) {
  auto waiter = std::make_shared<Waiter>();
  waiter->loop = &wake.loop();
  waiter->wake = &wake;
  const std::lock_guard guard(lock_);
  const auto asked = queue_.ask(applicant.client, applicant.connection, applicant.turn_class, now_micros());
  if (asked.ticket == 0)
    return Error{Cause::queue_full,
                 asked.refusal == TurnQueue::Refusal::client_full ? "this client has too many requests waiting" : ""};
  try {
    waiters_.emplace(asked.ticket, waiter);
  } catch (...) {
    queue_.leave(asked.ticket);
    throw;
  }
  hand_out(waiter.get());
  return Standing(shared_from_this(), std::move(waiter), asked.ticket);
}

io::Task<Result<Turn>> Turns::wait(Standing& standing, io::TimeMs patience, Watch& watch) {
  const std::shared_ptr<Waiter> waiter = standing.waiter_;
  io::Wake& wake = *waiter->wake;
  wake.deadline_in(patience);
  while (!waiter->granted) {
    const auto happened = co_await wake.wait(io::kAnswer | io::kClientIn);
    if (waiter->granted) break;
    const bool late = (happened & io::kExpired) != 0;
    const bool left = (happened & io::kClientIn) != 0 && watch.gone();
    if (!late && !left) continue;
    standing.leave();
    co_return left ? Error{Cause::client_gone, "while waiting for its turn"} : Error{Cause::queue_timeout};
  }
  standing.waiter_ = nullptr;
  co_return Turn(std::move(standing.turns_), standing.ticket_);
}

io::Task<Result<Turn>> Turns::wait(io::Wake& wake, const Applicant& applicant, io::TimeMs patience, Watch& watch) {
  auto standing = stand(wake, applicant);
  if (!standing) co_return standing.error();
  co_return co_await wait(*standing, patience, watch);
}

void Turns::leave(Waiter& waiter, TurnQueue::Ticket ticket) noexcept {
  waiter.wake = nullptr;
  bool waited = false;
  {
    const std::lock_guard guard(lock_);
    waited = queue_.leave(ticket);
    waiters_.erase(ticket);
  }
  // Granted in the same moment: the grant is on its way to this loop, and nobody will take it.
  if (!waited) give_back(ticket);
}

std::optional<Turn> Turns::take_free(const Applicant& applicant) {
  const std::lock_guard guard(lock_);
  if (queue_.waiting() != 0) return std::nullopt;
  const auto asked = queue_.ask(applicant.client, applicant.connection, applicant.turn_class, now_micros());
  if (asked.ticket == 0) return std::nullopt;
  if (next() == asked.ticket) return Turn(shared_from_this(), asked.ticket);
  queue_.leave(asked.ticket);
  return std::nullopt;
}

std::optional<Turn> Turns::beside() noexcept {
  beside_.fetch_add(1);
  Turn turn(shared_from_this(), kBeside);
  if (bounded_.load()) return std::nullopt; // and given back
  return turn;
}

void Turns::give_back(TurnQueue::Ticket ticket) noexcept {
  if (ticket == kBeside) {
    beside_.fetch_sub(1);
    if (!bounded_.load()) return; // nobody waits
  }
  const std::lock_guard guard(lock_);
  queue_.give_back(ticket, now_micros());
  hand_out();
}

std::optional<TurnQueue::Ticket> Turns::next() noexcept {
  const std::uint64_t at_server = std::uint64_t{queue_.taken()} + beside_.load();
  if (at_server >= queue_.places()) return std::nullopt;
  return queue_.next(now_micros());
}

void Turns::Waiter::arrive() noexcept {
  granted = true;
  if (wake != nullptr) wake->raise(io::kAnswer);
}

void Turns::hand_out(const Waiter* asking) noexcept {
  while (const auto ticket = next()) {
    const auto found = waiters_.find(*ticket);
    if (found->second.get() == asking)
      found->second->granted = true;
    else
      found->second->loop->send(found->second);
    waiters_.erase(found);
  }
}

void Turns::set_bounds(const TurnQueue::Bounds& bounds) {
  const std::lock_guard guard(lock_);
  bounded_.store(bounds.places != kNoBound);
  queue_.set_bounds(bounds);
  hand_out();
}

std::size_t Turns::waiting() const {
  const std::lock_guard guard(lock_);
  return queue_.waiting();
}

std::uint32_t Turns::taken() const {
  const std::lock_guard guard(lock_);
  return queue_.taken();
}

std::uint32_t Turns::places() const {
  const std::lock_guard guard(lock_);
  return queue_.places();
}

TurnQueue::Ticket Turns::last() const {
  const std::lock_guard guard(lock_);
  return queue_.last();
}

TurnQueue::Ticket Turns::oldest() const {
  const std::lock_guard guard(lock_);
  return queue_.oldest();
}

std::uint32_t Turns::retry_after() const {
  const std::lock_guard guard(lock_);
  return static_cast<std::uint32_t>(std::max<Micros>(1, (queue_.expected_wait() + 999'999) / 1'000'000));
}

} // namespace ledgergate::upstream
