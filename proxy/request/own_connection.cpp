// A server connection on which a login by NTLM or Negotiate was seen. The server takes whatever comes over it for that user's
// (RFC 4559 section 6), so it is this caller's connection's alone, and never in the pool. For the same reason the legs of such a
// login must go over one connection: the caller finds its own again with each request.
#include "request/own_connection.h"

#include "observe/log_ring.h"
#include "request/receive.h"
#include "route/connection_login.h"
#include "state/services.h"
#include "upstream/bound.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::int64_t kTellEveryMs = 60'000;

// A client of the edge's that shows itself on the same connection as another one does is not that one.
std::string_view whose(const Exchange& x) { return x.client != nullptr ? std::string_view(x.client->name) : std::string_view(); }

// Whoever sets such a thing up sees callers that log in again and again, and no reason.
void tell_why_not(const Exchange& x, std::string_view why) {
  static std::atomic<std::int64_t> told{INT64_MIN / 2};
  const auto now = static_cast<std::int64_t>(uv_hrtime() / 1'000'000);
  std::int64_t last = told.load(std::memory_order_relaxed);
  if (now - last < kTellEveryMs || !told.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  observe::event(settings::LogLevel::warning,
                 "server " + x.facts.server->name +
                     ": a login by NTLM or Negotiate belongs to its connection, and can't last: " + std::string(why));
}

// Whether a connection may idle at this server by these settings: it is there, as it was, and its requests stand in no line.
// Whoever is asked in turn must not see a second connection.
bool may_idle(const Generation& generation, const settings::Server& server) noexcept {
  const auto& servers = generation.settings().servers;
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (upstream::Bound::same_place(servers[i], server) && generation.snapshot->turns[i]->places() == upstream::Turns::kNoBound)
      return true;
  return false;
}

} // namespace

void close_own_that_may_not_idle(upstream::Bound& own, const Generation& newest) noexcept {
  own.close_unless([&](const settings::Server& server) { return may_idle(newest, server); });
}

bool brings_connection_login(const Exchange& x) {
  return !x.facts.edge_authorization && x.credentials == nullptr && route::begins_connection_login(x.request);
}

io::Stream::Ptr take_own(Exchange& x, const upstream::Pool& pool) {
  if (x.credentials != nullptr) return {}; // the edge's user at the server is another one
  if (x.facts.peer_trusted) {              // by now: the next request may be of another caller
    x.own->close_all();
    return {};
  }
  return x.own->take(pool.server(), whose(x));
}

void note_connection_login(Exchange& x, bool lasts) {
  x.own_connection = x.own_connection || route::tells_connection_login(x.answer);
  if (!x.own_connection || x.credentials != nullptr) return;
  if (x.facts.peer_trusted)
    tell_why_not(x, "the proxy in front (trusted_proxies) sends many callers' requests over one connection");
  else if (!lasts)
    tell_why_not(x, "with `concurrency` each request has a connection of its own");
  else
    x.facts.keeps_connection_login = x.answer.status == 401;
}

void keep_own(Exchange& x, io::Stream::Ptr server) {
  if (x.facts.peer_trusted || x.credentials != nullptr) return;
  const upstream::Pool& pool = x.generation->pool(x.server);
  if (!may_idle(*x.services->newest(), pool.server())) return; // a reload came meanwhile
  x.own->put(x.wake->loop(), pool, whose(x), std::move(server), server_keeps_until(x));
}

} // namespace ledgergate
