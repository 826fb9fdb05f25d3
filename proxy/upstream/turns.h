// The turns of one server: a TurnQueue with a lock and a clock, shared by all workers and kept across reloads (there is never a
// second one that counts for itself).
//
// Invariants: queue_ and waiters_ are guarded by lock_, which is never held across a loop or a callback. A grant crosses threads
// only through the waiting story's loop. A ticket that was granted is given back exactly once, by its Turn's destructor. Who comes
// while there is no bound stands in no line (beside()), but is counted, so that a bound that is set meanwhile knows of it: beside_
// is raised before bounded_ is read, and bounded_ set before beside_ is read, so one of the two sees the other.
#pragma once

#include "base/result.h"
#include "io/task.h"
#include "io/wake.h"
#include "upstream/turn_queue.h"

#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ledgergate::upstream {

class Turns;

// The right to use one of the server's places: a place of each line that it stood in, and at each of the server's addresses
// (address_lines.h). Gives them back together at its end, the last taken first. May end on any thread.
class Turn {
public:
  Turn() = default;
  Turn(std::shared_ptr<Turns> turns, TurnQueue::Ticket ticket) : held_{Place{std::move(turns), ticket}} {}
  Turn(Turn&& other) noexcept : held_(std::exchange(other.held_, {})), more_(std::move(other.more_)) {}
  Turn& operator=(Turn&& other) noexcept;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { give_back(); }
  // The place of one more line; three lines at most.
  void join(Turn&& more) noexcept;
  // Further turns, behind all of these.
  void keep(std::shared_ptr<const std::vector<Turn>> more) noexcept { more_ = std::move(more); }
  void give_back() noexcept;
  [[nodiscard]] bool held() const noexcept { return held_[0].turns != nullptr; }

private:
  struct Place {
    std::shared_ptr<Turns> turns; // null: none
    TurnQueue::Ticket ticket = 0;
  };
  std::array<Place, 3> held_; // filled from the front
  std::shared_ptr<const std::vector<Turn>> more_;
};

// Who stands in line.
struct Applicant {
  std::string client;           // identity, or address (IPv6: its /64)
  std::uint64_t connection = 0; // unique in the process
  TurnClass turn_class = TurnClass::normal;
};

class Turns : public std::enable_shared_from_this<Turns> {
public:
  static constexpr std::uint32_t kNoBound = std::numeric_limits<std::uint32_t>::max(); // of places

  explicit Turns(const TurnQueue::Bounds& bounds) : queue_(bounds), bounded_(bounds.places != kNoBound) {}

  // Waits on `wake` until the turn comes, `patience` (ms) is over or, on kClientIn, `gone()` says that the caller has left.
  // Errors: queue_full, queue_timeout, client_gone. All references must outlive the task.
  struct Watch {
    virtual bool gone() = 0;

  protected:
    ~Watch() = default;
  };
  io::Task<Result<Turn>> wait(io::Wake& wake, const Applicant& applicant, io::TimeMs patience, Watch& watch);

  // The same in two steps: standing in line begins with stand(), and does not wait. Whoever drops it leaves the line.
  class Standing;
  [[nodiscard]] Result<Standing> stand(io::Wake& wake, const Applicant& applicant);
  static io::Task<Result<Turn>> wait(Standing& standing, io::TimeMs patience, Watch& watch);

  // A place that is free and that nobody waits for, or nothing.
  std::optional<Turn> take_free(const Applicant& applicant);

  // Where places have no bound: counted, and that is all. Nothing where they have one (by now). Takes no lock.
  std::optional<Turn> beside() noexcept;
  [[nodiscard]] std::uint32_t besides() const noexcept { return beside_.load(); }

  void set_bounds(const TurnQueue::Bounds& bounds);
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint32_t taken() const;
  [[nodiscard]] std::uint32_t places() const;
  // TurnQueue's.
  [[nodiscard]] TurnQueue::Ticket last() const;
  [[nodiscard]] TurnQueue::Ticket oldest() const;
  // For Retry-After, in seconds, 1 at least.
  [[nodiscard]] std::uint32_t retry_after() const;

private:
  friend class Turn;
  // Touched by the waiting story's thread only, but for `loop`.
  struct Waiter final : io::Errand {
    io::Loop* loop = nullptr;
    io::Wake* wake = nullptr; // null: the story waits no more
    bool granted = false;
    void arrive() noexcept override; // the grant
  };
  mutable std::mutex lock_;
  TurnQueue queue_;
  std::unordered_map<TurnQueue::Ticket, std::shared_ptr<Waiter>> waiters_;
  std::atomic<std::uint32_t> beside_{0};
  std::atomic<bool> bounded_;

  void give_back(TurnQueue::Ticket ticket) noexcept; // kBeside: of beside()
  std::optional<TurnQueue::Ticket> next() noexcept;  // under lock_, as the next
  void leave(Waiter& waiter, TurnQueue::Ticket ticket) noexcept;
  // To all whose turn it is: who leaves from beside() does so without the lock, so the one who just asks (null: nobody) need not be
  // the first. That one is told at once.
  void hand_out(const Waiter* asking = nullptr) noexcept;
};

// Somebody in a line. On its wake's thread, and no longer than that wake.
class Turns::Standing {
public:
  Standing(Standing&&) noexcept = default;
  Standing& operator=(Standing&&) = delete;
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;
  ~Standing() { leave(); }

private:
  friend class Turns;
  Standing(std::shared_ptr<Turns> turns, std::shared_ptr<Waiter> waiter, TurnQueue::Ticket ticket) noexcept
      : turns_(std::move(turns)), waiter_(std::move(waiter)), ticket_(ticket) {}
  std::shared_ptr<Turns> turns_;
  std::shared_ptr<Waiter> waiter_; // null: it has left, or its turn was taken
  TurnQueue::Ticket ticket_;

  void leave() noexcept {
    if (const auto waiter = std::exchange(waiter_, nullptr)) turns_->leave(*waiter, ticket_);
  }
};

} // namespace ledgergate::upstream
