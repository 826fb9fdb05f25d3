// The lines before addresses. What the settings call two servers by two names may be one machine, which only the name service
// knows, and it may say something else tomorrow. So whoever has its turn in the line of a server's place (ServerTurns) also takes a
// place at every address that the server's name has just then, and is sent to one of these and no other.
//
// Invariants: lines_ and epoch_ are guarded by lock_; ServerTurns' lock, and a line's own inside that, are taken inside it, never
// the other way round. Everybody takes the places of an address in one order, behind those of the line it comes from, so no two can
// wait for each other. A line is kept as long as somebody waits or holds a place there. It has the fewest places that any name
// brings since the last reload; how many a name brings is looked at under lock_, so that what a reload says of it is either seen
// then or told by renew().
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
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::upstream {

class AddressLines {
public:
  // The lines of these addresses, in the order in which they are to be taken, for a request that has its turn in the lines of
  // `turns`. A unit that the settings list has places of its own at each address; all others share one set, and all together
  // another. Any thread.
  [[nodiscard]] std::vector<std::shared_ptr<Turns>> lines(const Addresses& addresses, std::uint16_t port,
                                                          const std::shared_ptr<ServerTurns>& turns, std::string_view unit);
  // Main thread: settings have come, by which `turns` have other places. Who waits for one need not wait for the next request.
  void renew() noexcept;
  [[nodiscard]] std::size_t size() const;

private:
  using Key = std::pair<Endpoint, std::string>;
  struct Entry {
    std::weak_ptr<Turns> line;
    std::uint64_t epoch = 0;
    std::vector<std::weak_ptr<const ServerTurns>> names; // that came in this epoch, or in the one before if none has yet
  };
  mutable std::mutex lock_;
  std::map<Key, Entry> lines_;
  std::uint64_t epoch_ = 0;

  void forget() noexcept; // under lock_, as the next
  [[nodiscard]] std::shared_ptr<Turns> line(const Key& key, std::uint32_t places, const std::shared_ptr<ServerTurns>& name);
};

// What is to be asked: one of the server's names, the lines that it stands in, and the unit.
struct Destination {
  const settings::Server& server;
  const std::shared_ptr<ServerTurns>& turns;
  std::string_view unit;
};

// Takes the places of all addresses of the server into `turn`, which holds those of its lines, and says which addresses these are.
// Waits on `wake`, until `until` (loop time) or until `watch` says that the caller is gone. Errors: dns_*, as well as
// Turns::wait()'s. All references, those in `destination` too, must outlive the task.
io::Task<Result<Addresses>> take_addresses(io::Wake& wake, Resolver& resolver, AddressLines& lines, const Destination& destination,
                                           const Applicant& applicant, io::TimeMs until, Turns::Watch& watch, Turn& turn);

} // namespace ledgergate::upstream
