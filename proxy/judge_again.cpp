// A request that took its time is judged once more before it goes to the server: a stolen key or certificate is worth nothing from
// the moment the administrator takes it back, however slowly its body came and however long the line was.
#include "story.h"
#include "worker.h"

#include <algorithm>
#include <ctime>

namespace ledgergate {
namespace {

// The exchange as it would be under other settings; as it was, at the end.
class Under {
public:
  Under(Exchange& x, const Standing::Newest& newest)
      : x_(x), generation_(x.generation), client_(x.client), facts_(x.facts), listener_(x.listener), server_(x.server),
        rules_(x.rules), retry_after_(x.retry_after), proven_(x.proven), last_(x.last) {
    x.generation = newest.generation.get();
    if (!newest.open) return;
    x.listener = newest.listener;
    x.facts.listener = &newest.generation->settings().listeners[newest.listener];
    x.rules = newest.rules;
  }
  ~Under() {
    x_.generation = generation_;
    x_.client = client_;
    x_.facts = facts_;
    x_.listener = listener_;
    x_.server = server_;
    x_.rules = rules_;
    x_.retry_after = retry_after_;
    x_.proven = proven_;
    x_.last = last_;
  }
  Under(const Under&) = delete;
  Under& operator=(const Under&) = delete;

private:
  Exchange& x_;
  const Generation* generation_;
  const settings::Client* client_;
  route::Facts facts_;
  std::size_t listener_, server_, rules_;
  std::uint32_t retry_after_;
  settings::Proofs proven_;
  bool last_;
};

// The route that the request has now. Where its listener is gone nothing is published there; what had begun goes on by the rules of
// the route that has its route's name.
Result<void> find_route_again(Exchange& x, bool open) {
  if (open) {
    const auto way = decide(x);
    if (!way && way.error().cause == Cause::no_capacity) return {}; // a shortage turns away what has not begun
    if (!way) return way.error();
    if (*way != Way::forward) return Error{Cause::no_route, "the listener serves something else now"};
    return {};
  }
  const auto& settings = x.generation->settings();
  const settings::Route& was = *x.facts.route;
  // A route that names listeners is not for one that is gone.
  const auto same = std::find_if(settings.routes.begin(), settings.routes.end(), [&](const settings::Route& each) {
    return each.name == was.name && each.host == was.host && each.path == was.path && each.listeners.empty();
  });
  if (same == settings.routes.end()) return Error{Cause::no_route, "there is no such route any more"};
  x.facts.route = &*same;
  x.server = same->server;
  x.facts.server = &settings.servers[x.server];
  return {};
}

// A caller behind a proxy was told by that proxy, which may be believed no longer.
Result<void> believe_proxy_again(const Exchange& x, Progress progress) {
  const auto& proxies = x.generation->settings().trusted_proxies;
  const bool trusted = std::any_of(proxies.begin(), proxies.end(), [&](const Cidr& each) { return each.contains(x.peer.ip); });
  if (trusted == x.facts.peer_trusted || (trusted && progress == Progress::at_server)) return {};
  return Error{Cause::no_capacity, "trusted_proxies have changed: send it again"};
}

// Where it would go by the newest settings. An import that is booked at the server that its route, or its unit, has left is booked
// where nobody looks for it; nothing has left yet, so its caller may send it again.
Result<void> find_server_again(Exchange& x, const settings::Server& before) {
  if (!x.reading) { // else its unit is not known yet, and this is asked again when it is
    const auto chosen = choose_server(x);
    if (!chosen) return chosen;
  }
  const settings::Server& now = *x.facts.server;
  const bool same = now.place == before.place && now.https == before.https && now.profile == before.profile;
  if (same || x.reading) return {};
  return Error{Cause::no_capacity, "its server has changed: send it again"};
}

Result<void> judge(Exchange& x, const Generation& before, bool open, Progress progress) {
  const settings::Server& server = *x.facts.server;
  const auto proxy = believe_proxy_again(x, progress);
  if (!proxy) return proxy;
  const auto found = find_route_again(x, open);
  if (!found) return found;
  if (x.facts.route->anonymous) {
    x.client = nullptr;
  } else {
    const auto known = identify_again(x, *before.snapshot);
    if (!known) return known;
    const auto allowed = authorise(x);
    if (!allowed) return allowed;
  }
  const auto inspected = inspect_again(x);
  if (!inspected || progress == Progress::at_server) return inspected;
  return find_server_again(x, server);
}

// What no settings have to change for.
Result<void> still_in_time(const Exchange& x) {
  if (x.client == nullptr) return {};
  const bool certified = (x.proven & settings::kCertificate) != 0;
  if (certified && std::time(nullptr) >= x.certificate->valid_until)
    return Error{Cause::certificate_required, "the certificate has expired meanwhile"};
  if (!certified && (x.proven & settings::kPassword) != 0 && is_banned(x, x.client->user))
    return Error{Cause::locked_out, "banned"};
  return in_force(*x.client);
}

} // namespace

Result<void> judge_again(Exchange& x, Progress progress) {
  const auto in_time = still_in_time(x);
  if (!in_time) return in_time;
  const Standing::Newest newest = x.standing->newest(x.generation);
  if (newest.generation == nullptr) return {};
  if (!newest.believed) return Error{Cause::certificate_required, "its certificate, or its proxy, is believed no longer"};
  const Generation& before = *x.generation;
  const Under other(x, newest);
  return judge(x, before, newest.open, progress);
}

} // namespace ledgergate
