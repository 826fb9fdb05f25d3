// The server connections that belong to one caller's connection: a login by NTLM or Negotiate was seen on them, and the server
// takes whatever comes over such a connection for that caller's (RFC 4559 section 6). They are in no pool that others take from,
// and live no longer than the caller's connection does, nor than the server's `timeouts.idle` between two requests.
//
// Invariants: loop thread only; one connection for each server and client; of at most kMost of them.
#pragma once

#include "upstream/pool.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::upstream {

class Bound {
public:
  static constexpr std::size_t kMost = 8;

  // The connection to this server on which this caller may be logged in, as `client` of the edge's ("": nobody); null: there is
  // none, or it has ended. One that was made under other settings of the server is not used any more.
  [[nodiscard]] io::Stream::Ptr take(const settings::Server& server, std::string_view client) noexcept;
  // A connection whose last reply is complete and that has nothing unread; closed when there is no memory to keep it. `pool`: the
  // one that it would have gone to. `until`: as Pool::put().
  void put(io::Loop& loop, const Pool& pool, std::string_view client, io::Stream::Ptr stream,
           io::TimeMs until = io::kNever) noexcept;
  void close_all() noexcept { own_.clear(); }
  // Closes what idles at servers where, by newer settings, nothing may: `stays(server)`.
  template <class Stays>
  void close_unless(const Stays& stays) noexcept {
    std::erase_if(own_, [&](const auto& each) { return !stays(each->pool.server()); });
  }
  // Names may change with the settings; where requests go to, and what was verified of it, may not.
  [[nodiscard]] static bool same_place(const settings::Server& a, const settings::Server& b) noexcept;

private:
  struct Own {
    Own(io::Loop& loop, const settings::Server& server, Relief* relief, std::string_view name);
    std::string client;
    Pool pool; // of one
  };
  std::vector<std::unique_ptr<Own>> own_;

  [[nodiscard]] Own* find(const settings::Server& server, std::string_view client) const noexcept;
};

} // namespace ledgergate::upstream
