// Who failed to log in: for each source of guesses what it did over all accounts, and with each of a few.
//
// Invariants: names that a caller invents push nothing out of this but entries of its own source, and none of these is forgotten:
// when a source has tried kAccounts, the one with the fewest failures makes room, and the new one begins with as many, so that no
// account ever has fewer than it earned. At most kMost sources are known, and as many that were banned, which no flood of others
// pushes out; the one touched longest ago goes first, but never one with a guess on its way. Not safe by itself: Lockout guards it.
#pragma once

#include "base/address.h"
#include "client/tally.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::client {

// Who guesses: a network, and within it a client whose certificate was shown ("": none, all of the network together).
struct Source {
  IpAddress network;
  std::string client;
  auto operator<=>(const Source&) const = default;
};

struct Tried { // an account, by one source
  std::string account;
  Tally tally;
  std::uint32_t pending = 0; // guesses on their way
  std::uint32_t given = 0;   // failures that the account counts as well, in its time that began at `given_since`
  Nanos given_since = 0;
};

struct Suspect {
  Tally all;
  std::uint32_t pending = 0;
  std::vector<Tried> accounts;
  std::vector<std::uint64_t> stale; // secrets that failed (Lockout::Login::stale_passes), the latest last
  [[nodiscard]] Tried* find(std::string_view account) noexcept;
  // Whether another account can be told apart: not when too many of them have been banned.
  [[nodiscard]] bool has_room(const settings::Lockout& rules, Nanos now) noexcept;
  // Made when it is not known. A newcomer that `inherits` begins with the failures of the one that makes room for it.
  Tried& touch(const settings::Lockout& rules, std::string_view account, bool inherits, Nanos now);

private:
  [[nodiscard]] Tried* spare(const settings::Lockout& rules, Nanos now) noexcept; // with the fewest failures; null: none
};

class Suspects {
public:
  static constexpr std::size_t kAccounts = 8;      // of a source; more only where these were banned or have guesses on their way,
  static constexpr std::size_t kMostAccounts = 64; // and then no more than that
  explicit Suspects(std::size_t most) noexcept : most_(most) {}

  // Null: not known. Good until the next touch() or settle() of it.
  [[nodiscard]] Suspect* find(const Source& source);
  Suspect& touch(const Source& source);
  // Behind a change: forgets where nothing is left, and keeps apart whom it has banned.
  void settle(const Source& source) noexcept;
  template <class Do>
  void each(const Do& act) {
    for (auto& [source, entry] : entries_) act(source, entry.suspect);
  }
  template <class Do>
  void each(const Do& act) const {
    for (const auto& [source, entry] : entries_) act(source, entry.suspect);
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  using Order = std::list<const Source*>; // the one touched last at the front
  struct Entry {
    Suspect suspect;
    bool banned = false;
    Order::iterator use{};
  };
  std::size_t most_;
  std::map<Source, Entry> entries_;
  Order quiet_, banned_;
  void make_room(Order& order) noexcept;
};

} // namespace ledgergate::client
