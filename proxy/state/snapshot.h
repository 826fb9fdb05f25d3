// Everything a reload swaps: the settings and what was made of them (TLS contexts, credentials). Made on the main thread,
// immutable, shared.
#pragma once

#include "client/directory.h"
#include "listen/tls_front.h"
#include "profile/credentials.h"
#include "route/choose.h"
#include "settings/load.h"
#include "upstream/client_tls.h"
#include "upstream/health.h"
#include "upstream/status_board.h"
#include "upstream/turn_table.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate {

// What makes a listening socket the same one across reloads, and its connections those of one listener: whatever it is called.
[[nodiscard]] std::string door_key(const settings::Listener& listener);

struct ListenerRuntime {
  std::shared_ptr<const listen::TlsFront> front;           // null: plain HTTP
  std::shared_ptr<std::atomic<std::uint32_t>> connections; // open now, over all workers; kept across reloads
  bool enabled = true;                                     // false: its certificate does not exist yet
};

struct Snapshot {
  std::shared_ptr<const settings::Settings> settings;
  std::vector<ListenerRuntime> listeners;                          // as in settings
  std::vector<std::shared_ptr<const upstream::ClientTls>> servers; // as in settings; null: plain HTTP
  std::vector<std::shared_ptr<upstream::ServerTurns>> turns;       // by server; never null. Those of its place (TurnTable)
  std::vector<std::shared_ptr<upstream::StatusBoard>> boards;      // by server; null: nothing to ask. Kept across reloads, by place
  std::vector<std::shared_ptr<upstream::Health>> health;           // by server; never null. Kept across reloads, by name
  // The edge's own user and password: by server and by route, as in settings; null: the caller's go through.
  std::vector<std::shared_ptr<const profile::Credentials>> server_credentials, route_credentials;
  std::vector<std::vector<std::pair<std::size_t, std::shared_ptr<const profile::Credentials>>>> client_credentials; // by client
  std::shared_ptr<const client::Directory> directory;                                                               // who is who
  route::Prefixes prefixes;                                                                                         // of the routes
  std::string spool_directory;

  // What goes to `server` (an index) in place of the caller's: the client's (null: nobody) before the route's before the server's;
  // null: nothing.
  [[nodiscard]] const profile::Credentials* credentials(const settings::Client* client, const settings::Route& route,
                                                        std::size_t server) const {
    if (client != nullptr)
      for (const auto& [whose, own] : client_credentials[static_cast<std::size_t>(client - settings->clients.data())])
        if (whose == server) return own.get();
    const auto& own = route_credentials[static_cast<std::size_t>(&route - settings->routes.data())];
    return own ? own.get() : server_credentials[server].get();
  }
};

struct SnapshotProblems {
  std::vector<std::string> errors, warnings;
};

// Null when there are errors. A certificate that does not exist disables its listener (a warning): port 80 must run for the first
// certificate to come. A listener that serves goes on with those it has. What `check` says of
// settings, which knows no `before`, the start and a reload say too, but for revocation lists. `before` (null at start)
// is what runs now; it lends what goes on: the connection counts. No revocation list may be older than its, or than one of
// `known`: what newest_lists() gave for all before it. The lines are those
// of `turns`; their bounds become those of `settings` when they are applied there.
[[nodiscard]] std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const settings::Settings> settings,
                                                            listen::TicketKeys& keys, upstream::TurnTable& turns,
                                                            const Snapshot* before, SnapshotProblems& problems,
                                                            const listen::ListMarks& known = {});

// `before` with those of its revocation lists that have changed, and nothing else read: no other file may keep a revoked
// certificate alive, or come into use by a revocation. A list that can't be used stays as it was, with an error. Null when none has
// changed.
[[nodiscard]] std::shared_ptr<const Snapshot> renew_lists(const Snapshot& before, listen::TicketKeys& keys,
                                                          SnapshotProblems& problems, const listen::ListMarks& known = {});

// The newest version of each revocation list that is known or in `now`.
[[nodiscard]] listen::ListMarks newest_lists(const Snapshot& now, const listen::ListMarks& known);

// For the log: which certificates and revocation lists have come into use, and which went, since `before` (null: at start).
[[nodiscard]] std::vector<std::string> certificate_changes(const Snapshot* before, const Snapshot& now);

} // namespace ledgergate
