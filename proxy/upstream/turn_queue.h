// Who is served next at a server that can do few things at once. Pure: no clock, no lock, no thread; turns.h puts them around it.
//
// Three levels. Classes: `high` before `normal` before `bulk`; a class that waits and has had no place for `age` is given the next
// one, so bulk is never starved, and never more than that one, so that an export that waits does not make it anybody's equal.
// Inside a class the flows are clients, and inside a client its connections; both levels take turns as fair_line.h says: who asks
// seldom is served next, however many others flood, and those who flood share. First come, first served holds only inside a
// connection.
//
// Invariants: taken() <= places unless the bounds were lowered; a ticket waits, holds a place, or is unknown; when next() has said
// nothing, no place is free or nobody waits, whatever time it is.
#pragma once

#include "settings/settings.h"
#include "upstream/fair_line.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace ledgergate::upstream {

using settings::TurnClass;

class TurnQueue {
public:
  struct Bounds {
    std::uint32_t places = 1;
    std::uint32_t depth = 64; // waiting tickets in all
    std::uint32_t depth_per_client = 32;
    Micros age = 10'000'000;
    Micros quantum = 100; // FairLine's: less than any service, so that no service is too short to count
  };
  using Ticket = std::uint64_t; // 0: none
  enum class Refusal : std::uint8_t { none, full, client_full };
  struct Asked {
    Ticket ticket = 0;
    Refusal refusal = Refusal::none;
  };

  explicit TurnQueue(const Bounds& bounds);
  void set_bounds(const Bounds& bounds) noexcept { bounds_ = bounds; }

  // Stands in line. `client` names the flow, `connection` the flow inside it. Throws std::bad_alloc, and nothing has happened then.
  // Nothing else here needs memory: what others wait for can't fail.
  Asked ask(const std::string& client, std::uint64_t connection, TurnClass turn_class, Micros now);
  // The next ticket that gets a place, or nothing. To be called until it says nothing, after ask() and give_back().
  std::optional<Ticket> next(Micros now);
  // A waiting ticket goes away: a hang-up, or its wait is over. False: it does not wait (any more).
  bool leave(Ticket ticket);
  // A place is free again; the flow is charged for the time since it got it.
  void give_back(Ticket ticket, Micros now);

  [[nodiscard]] std::uint32_t taken() const noexcept { return served_; }
  [[nodiscard]] std::uint32_t places() const noexcept { return bounds_.places; }
  [[nodiscard]] std::size_t waiting() const noexcept { return places_.size() - served_; }
  // The newest ticket there ever was, and the oldest that waits or holds a place (0: none).
  [[nodiscard]] Ticket last() const noexcept { return last_; }
  [[nodiscard]] Ticket oldest() const noexcept;
  // Clients that are remembered, over all classes; none once nobody waits and nobody is served.
  [[nodiscard]] std::size_t clients() const noexcept {
    return classes_[0].clients.size() + classes_[1].clients.size() + classes_[2].clients.size();
  }
  // Flows in all its lines: what its memory grows with.
  [[nodiscard]] std::size_t remembered() const noexcept;
  // How long somebody who asks now may wait, by the service times seen: for Retry-After only, never to refuse.
  [[nodiscard]] Micros expected_wait() const noexcept;

private:
  struct Client {
    explicit Client(Micros quantum) : lanes(quantum) {}
    FairLine<std::uint64_t> lanes;                                 // connections
    std::unordered_map<std::uint64_t, std::deque<Ticket>> tickets; // waiting, by connection; no empty ones
  };
  struct Class {
    explicit Class(Micros quantum) : line(quantum) {}
    FairLine<std::string> line;
    std::unordered_map<std::string, Client> clients; // all that the line knows, and for a while those it knew
    std::map<Ticket, Micros> since;                  // waiting tickets, oldest first: numbers rise with time
    std::size_t served = 0;                          // places it holds
    Micros last = 0;                                 // when it gave back a place
    [[nodiscard]] Micros waits_since() const { return std::max(since.begin()->second, last); }
  };
  struct Place {
    TurnClass turn_class;
    std::string client;
    std::uint64_t connection;
    Micros since; // waiting, or holding a place, from here on
    bool served = false;
  };
  Bounds bounds_;
  Ticket last_ = 0;
  std::array<Class, 3> classes_;
  std::unordered_map<Ticket, Place> places_; // of those that wait and those that are served
  std::uint32_t served_ = 0;                 // how many of them are
  Micros mean_service_ = 0;                  // exponentially weighted; 0: nothing seen yet

  Class& class_of(const Place& place) noexcept { return classes_[static_cast<std::size_t>(place.turn_class)]; }
  Class* choose(Micros now);
  void take_out(const Place& place, Ticket ticket) noexcept;
  static void drop_ticket(Client& flow, std::uint64_t connection, Ticket ticket) noexcept;
  static void forget_clients(Class& line);
};

} // namespace ledgergate::upstream
