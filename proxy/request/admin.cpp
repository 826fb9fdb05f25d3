// The administrator's own door. Its callers are not callers of the servers: nothing here is forwarded, and no route applies.
//
// The door has no password: whoever reaches it is the administrator, and so would be any page that the administrator's browser
// shows. So nothing here is told to a page of another origin (the Fetch standard's Origin, Fetch Metadata's Sec-Fetch-Site), nor
// under a name that somebody else's DNS may have pointed here. A browser always names a host; a health check by HTTP/1.0 does not.
#include "request/admin.h"

#include "observe/metrics.h"
#include "request/refuse.h"
#include "state/services.h"

#include <algorithm>

namespace ledgergate {
namespace {

observe::Gauges gauges(Exchange& x) {
  observe::Gauges out;
  out.version = LEDGERGATE_VERSION;
  const Snapshot& snapshot = *x.generation->snapshot;
  const settings::Settings& settings = *snapshot.settings;
  for (std::size_t i = 0; i < settings.listeners.size(); ++i)
    out.listeners.push_back({settings.listeners[i].name, snapshot.listeners[i].connections->load(std::memory_order_relaxed)});
  for (std::size_t i = 0; i < settings.servers.size(); ++i) {
    observe::ServerGauge server;
    server.name = settings.servers[i].name;
    server.up = !snapshot.health[i]->unavailable();
    if (settings.servers[i].concurrency != 0) {
      const upstream::ServerTurns& turns = *snapshot.turns[i];
      server.bounded = true;
      server.waiting = turns.waiting();
      server.taken = turns.taken();
      server.places = turns.places();
    }
    out.servers.push_back(std::move(server));
  }
  const auto spooled = x.services->shared().spool.held();
  out.spool_memory = spooled.memory;
  out.spool_files = spooled.files;
  const auto logins = x.services->shared().lockout.totals(static_cast<client::Nanos>(uv_hrtime()));
  out.bans = logins.banned;
  out.bans_ever = logins.bans;
  out.failed_logins = logins.failures;
  out.password_hashes = x.services->shared().passwords.made();
  out.addresses = x.services->shared().addresses.size();
  const auto shed = x.services->shared().shedding.totals();
  out.strangers_shed = shed.strangers;
  out.clients_shed = shed.clients;
  out.log_lines_dropped = x.services->shared().log.dropped();
  return out;
}

bool is_ours(std::string_view host, const std::vector<std::string>& names) {
  if (host.empty() || host == "localhost" || IpAddress::parse(host)) return true;
  return std::find(names.begin(), names.end(), host) != names.end();
}

bool comes_from_a_page(const Exchange& x) {
  const bool of_another = std::any_of(x.request.fields.begin(), x.request.fields.end(), [](const http::Field& field) {
    if (http::iequals(field.name, "Origin")) return true;
    return http::iequals(field.name, "Sec-Fetch-Site") && field.value != "none" && field.value != "same-origin";
  });
  return of_another || !is_ours(x.target.host, x.generation->settings().admin.names);
}

} // namespace

Result<void> answer_admin(Exchange& x) {
  if (comes_from_a_page(x))
    return Error{Cause::forbidden,
                 "the admin door is for programs that come by its address, `localhost` or a name of `admin.names`"};
  if (asks_bans(x)) return answer_bans(x);
  const bool metrics = x.target.decoded == "/metrics";
  if (!metrics && x.target.decoded != "/healthz") return Error{Cause::no_route, "the admin door has /metrics, /healthz and /bans"};
  if (x.request.method != http::Method::get && x.request.method != http::Method::head)
    return Error{Cause::method_not_allowed, "GET, HEAD"};
  x.answer.clear();
  if (!metrics) {
    if (x.services->draining()) return Error{Cause::draining};
    answer(x, 200, "text/plain; charset=utf-8", "ok\n");
    return {};
  }
  x.note = observe::metrics_text(x.services->shared().tallies, gauges(x));
  answer(x, 200, "text/plain; version=0.0.4; charset=utf-8", x.note);
  return {};
}

} // namespace ledgergate
