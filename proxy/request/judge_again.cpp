// A request that took its time is judged once more before it goes to the server: a stolen key or certificate is worth nothing from
// the moment the administrator takes it back, however slowly its body came and however long the line was.
#include "request/judge_again.h"

#include "client/in_force.h"
#include "http/coding.h"
#include "http/websocket.h"
#include "request/admit.h"
#include "request/available.h"
#include "request/decide.h"
#include "request/failed_logins.h"
#include "request/find_unit.h"
#include "request/identify.h"
#include "request/inspect_request.h"
#include "request/own_secrets.h"
#include "route/outgoing.h"
#include "route/route.h"
#include "state/services.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate {
namespace {

// The exchange as it would be under other settings; as it was, at the end.
class Under {
public:
  Under(Exchange& x, const Standing::Newest& newest)
      : x_(x), generation_(x.generation), client_(x.client), facts_(x.facts), listener_(x.listener), server_(x.server),
        rules_(x.rules), proven_(x.proven), last_(x.last), unit_(x.unit), own_fields_(std::move(x.own_fields)) {
    x.own_fields.clear();
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
    x_.proven = proven_;
    x_.last = last_;
    x_.unit = std::move(unit_);
    x_.own_fields = std::move(own_fields_); // where facts_ sees them
  }
  Under(const Under&) = delete;
  Under& operator=(const Under&) = delete;

private:
  Exchange& x_;
  const Generation* generation_;
  const settings::Client* client_;
  route::Facts facts_;
  std::size_t listener_, server_, rules_;
  settings::Proofs proven_;
  bool last_;
  std::string unit_;
  std::vector<std::size_t> own_fields_;
};

// The head that goes to the server. There are secrets in it.
class HeadOf {
public:
  explicit HeadOf(const Exchange& x) {
    route::Facts facts = x.facts;
    const auto* own = x.generation->snapshot->credentials(x.client, *facts.route, x.server);
    facts.credentials = own != nullptr ? own->value() : std::string_view();
    std::string target;
    route::append_upstream_target(*facts.route, x.target, target);
    route::append_request_head(facts, target, x.framing, text_);
  }
  ~HeadOf() { OPENSSL_cleanse(text_.data(), text_.size()); }
  HeadOf(const HeadOf&) = delete;
  HeadOf& operator=(const HeadOf&) = delete;
  [[nodiscard]] bool operator==(const HeadOf& other) const { return text_ == other.text_; }

private:
  std::string text_;
};

// How it was until now.
struct Before {
  explicit Before(const Exchange& x)
      : generation(*x.generation), route(*x.facts.route), server(*x.facts.server), websocket(x.facts.websocket), head(x) {}
  const Generation& generation;
  const settings::Route& route;
  const settings::Server& server;
  bool websocket;
  HeadOf head;
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
    const bool by_head = x.facts.server->profile == settings::Profile::apicomprem;
    // What an mserver is asked by its path names no unit.
    const auto chosen = by_head ? find_unit(x) : x.asks_by_body ? choose_server(x) : Result<void>();
    if (!chosen) return chosen;
  }
  const settings::Server& now = *x.facts.server;
  const bool same =
      now.place == before.place && now.https == before.https && now.profile == before.profile && now.tls == before.tls;
  if (same || x.reading) return {};
  return Error{Cause::no_capacity, "its server has changed: send it again"};
}

// Whether its body would be decoded now as it was, or as it is being.
bool taken_alike(const Exchange& x, const settings::Route& before) {
  if (before.decompress_requests == x.facts.route->decompress_requests || !x.request.body.has_content()) return true;
  if (before.decompress_requests) return x.body_coding == http::Coding::identity;
  const auto coding = http::content_coding(x.request.fields);
  return coding && *coding == http::Coding::identity;
}

// What the rules say of the request itself; and whether it would go to its server in another way: with other credentials, other
// fields, another path. Neither the old way nor, for what was prepared by the old settings, the new one is right.
Result<void> judge_request_again(Exchange& x, const Before& before, Progress progress) {
  const settings::Route& route = *x.facts.route;
  keep_own_secrets(x);
  std::string target;
  route::append_upstream_target(route, x.target, target);
  const auto allowed = check_rules(x, target);
  if (!allowed) return allowed;
  const std::uint64_t limit = body_limit(x);
  if (limit != 0 && x.spool.size() > limit) return Error{Cause::body_too_large};
  if (x.reading) return {}; // as in find_server_again()
  if (!x.spooled) x.body->limit(limit);
  x.facts.websocket = route.websocket && http::wanted_upgrade(x.request) == http::Upgrade::websocket;
  if (!taken_alike(x, before.route) || before.route.client_cert != route.client_cert || !(before.head == HeadOf(x)))
    return Error{Cause::no_capacity, "what goes to its server has changed: send it again"};
  return progress == Progress::here ? available(x) : Result<void>();
}

Result<void> judge(Exchange& x, const Before& before, bool open, Progress progress) {
  const auto proxy = believe_proxy_again(x, progress);
  if (!proxy) return proxy;
  const auto found = find_route_again(x, open);
  if (!found) return found;
  if (x.facts.route->anonymous) {
    x.client = nullptr;
  } else {
    const auto known = identify_again(x, *before.generation.snapshot);
    if (!known) return known;
    const auto allowed = authorise(x);
    if (!allowed) return allowed;
  }
  const auto inspected = inspect_again(x);
  if (!inspected) return inspected;
  if (progress == Progress::at_server) {
    if (before.websocket && !x.facts.route->websocket) return Error{Cause::no_route, "WebSocket is not published there any more"};
    return {};
  }
  const auto same = find_server_again(x, before.server);
  return same ? judge_request_again(x, before, progress) : same;
}

// What no settings have to change for.
Result<void> still_in_time(const Exchange& x) {
  if (x.client == nullptr) return {};
  const bool certified = (x.proven & settings::kCertificate) != 0;
  if (certified && std::time(nullptr) >= x.certificate->valid_until)
    return Error{Cause::certificate_required, "the certificate has expired meanwhile"};
  if (!certified && (x.proven & settings::kPassword) != 0 && is_banned(x, x.client->user))
    return Error{Cause::locked_out, "banned"};
  return client::in_force(*x.client);
}

} // namespace

Result<void> judge_again(Exchange& x, Progress progress) {
  const auto in_time = still_in_time(x);
  if (!in_time) return in_time;
  const Standing::Newest newest = x.standing->newest(x.generation);
  if (newest.generation == nullptr) return {};
  if (!newest.believed) return Error{Cause::certificate_required, "its certificate, or its proxy, is believed no longer"};
  const Before before(x);
  const std::uint32_t retry_after = x.retry_after;
  const Under other(x, newest);
  const auto verdict = judge(x, before, newest.open, progress);
  if (verdict) x.retry_after = retry_after;
  return verdict;
}

} // namespace ledgergate
