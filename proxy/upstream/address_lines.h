// The lines before addresses. What the settings call two servers by two names may be one machine, which only the name service
// knows, and it may say something else tomorrow. So whoever has its turn in the line of a server's place (ServerTurns) also takes a
// place at every address that the server's name has just then, and is sent to one of these and no other.
//
// Invariants: lines_ and epoch_ are guarded by lock_; a line's own lock is taken inside it, never the other way round. Everybody
// takes the places of an address in one order, behind those of the line it comes from, so no two can wait for each other. A line
// is kept as long as somebody waits or holds a place there. It has the fewest places that any name brings since the last reload.
#pragma once

#include "base/address.h"
#include "io/task.h"
#include "settings/settings.h"
#include "upstream/resolver.h"
#include "upstream/server_turns.h"
#include "upstream/turns.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream {

class AddressLines {
public:
  // A unit that the settings list has places of its own at each address; all others share one set, and all together another.
  using Part = ServerTurns::Part;

  // The lines of these addresses, in the order in which they are to be taken. Any thread.
  [[nodiscard]] std::vector<std::shared_ptr<Turns>> lines(const Addresses& addresses, std::uint16_t port, const Part& part);
  // Main thread: settings have come that may give more places.
  void renew() noexcept;
  [[nodiscard]] std::size_t size() const;

private:
  using Key = std::pair<Endpoint, std::string>;
  struct Entry {
    std::weak_ptr<Turns> line;
    std::uint64_t epoch = 0;
  };
  mutable std::mutex lock_;
  std::map<Key, Entry> lines_;
  std::uint64_t epoch_ = 0;

  void forget() noexcept; // under lock_, as the next
  [[nodiscard]] std::shared_ptr<Turns> line(const Key& key, std::uint32_t places);
};

// Takes the places of all addresses of `server` into `turn`, which holds those of its lines, and says which addresses these are.
// Waits on `wake`, until `until` (loop time) or until `watch` says that the caller is gone. Errors: dns_*, as well as
// Turns::wait()'s. All references must outlive the task.
io::Task<Result<Addresses>> take_addresses(io::Wake& wake, Resolver& resolver, AddressLines& lines, const settings::Server& server,
                                           const AddressLines::Part& part, const Applicant& applicant, io::TimeMs until,
                                           Turns::Watch& watch, Turn& turn);

} // namespace ledgergate::upstream
