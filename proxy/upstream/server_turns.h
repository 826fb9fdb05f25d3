// The lines of one server. Most have one. Where a server keeps accounting units apart (apicomprem), each unit that the settings
// list has a line of its own, all other requests share one more, and one line counts them all in front of the server.
//
// One object a server, shared by all workers and by all names that the settings have for it, and kept across reloads (TurnTable),
// so that a request that began under the old settings stands in the same lines as one of today. Also where places have no bound: a
// bound may come.
//
// Invariants: everything is guarded by lock_, but one_line_ and shared_, which never changes; a line's own lock is taken inside it,
// never the other way round. A request takes its lines in one order (its unit's, the shared one, the server's), so no two can wait
// for each other. A unit that a reload lists, or lists no more, is held by both of its lines until the one it had is empty of what
// stood in it; so a request stands in the first of its lines under the same lock under which it was told which these are.
#pragma once

#include "settings/settings.h"
#include "upstream/turns.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::upstream {

class ServerTurns {
public:
  using Line = std::shared_ptr<Turns>;
  struct Lines { // in the order in which they are to be taken
    std::array<Line, 3> line;
    std::size_t count = 0;
  };

  // `server`: all its names as one (settings::as_one()).
  explicit ServerTurns(const settings::Server& server);
  // Main thread, before a reload: makes what apply() needs. Nobody stands in it before that. Throws std::bad_alloc.
  void prepare(const settings::Server& server);
  // Main thread, on a reload that was prepared: the bounds, and the units that are listed now.
  void apply(const settings::Server& server) noexcept;
  // Any thread, as the next. `unit` is normalised; empty: none was named. To look at: by the time that they are asked a reload may
  // have brought others.
  [[nodiscard]] Lines lines(std::string_view unit);
  // Stands in the first of its lines; the others are to be asked behind it, in order. From here on a reload knows of this request.
  struct Entrance {
    Lines lines;
    Result<Turns::Standing> first;
  };
  [[nodiscard]] Entrance enter(std::string_view unit, io::Wake& wake, const Applicant& applicant);
  // Places of all its lines that are free and that nobody waits for, or nothing.
  [[nodiscard]] std::optional<Turn> take_free(std::string_view unit, const Applicant& applicant);
  // Where requests at the server have no bound: one more, counted until its end. Held by nobody where they have one: enter() then.
  // Without units it takes no lock.
  [[nodiscard]] Turn beside(std::string_view unit);
  // How many requests of one unit (or of what has no unit of its own), and of all, may be at the server.
  struct Places {
    std::uint32_t each = 0, all = 0;
  };
  [[nodiscard]] Places each_and_all() const;
  // What one request takes of the server, wherever else it is counted (address_lines.h).
  struct Part {
    bool units = false; // whether units are kept apart
    std::string unit;   // a listed one; "" for all others together
    Places places;
  };
  [[nodiscard]] Part part(std::string_view unit) const;
  // Whether anybody stands in a line or is at the server.
  [[nodiscard]] bool empty() const;

  [[nodiscard]] std::size_t own_lines() const; // of units that are listed, or about to be, or not yet empty

  // For metrics: requests in any of the lines, at the server, and how many it may have.
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint32_t taken() const;
  [[nodiscard]] std::uint32_t places() const;

private:
  struct Own {
    Line line;
    bool listed = true;
    TurnQueue::Ticket shared_until = 0; // of the shared line: up to here it may hold requests of this unit; 0: it can't
    bool fresh = false;                 // made for a reload that may list it, and never listed before
  };
  mutable std::mutex lock_;
  const Line shared_;
  Line next_all_;                               // made for a reload; null: it is there, or nobody wants it
  Line all_;                                    // null where the shared line is the only one there ever was
  std::map<std::string, Own, std::less<>> own_; // by unit: those that are listed, and those that were and are not yet empty
  std::atomic<bool> one_line_{true};            // all_ is null, own_ empty; a reload may say otherwise, and never takes it back

  // Under lock_, as the next two.
  [[nodiscard]] bool shares(Own& own) const;
  [[nodiscard]] Lines lines_now(std::string_view unit);
  [[nodiscard]] Places places_now() const;
};

} // namespace ledgergate::upstream
