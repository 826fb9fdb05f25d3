// What the head alone can decide, before a byte of the body is read: normalise, redirect, route; and once the caller may come in,
// endpoint and bounds.
#include "request/decide.h"

#include "client/shown_secrets.h"
#include "http/head.h"
#include "http/websocket.h"
#include "observe/mask.h"
#include "profile/credentials.h"
#include "profile/endpoints.h"
#include "profile/secret_parameters.h"
#include "request/available.h"
#include "request/find_unit.h"
#include "request/own_secrets.h"
#include "route/choose.h"
#include "route/field_names.h"
#include "route/route.h"
#include "state/services.h"

#include <algorithm>
#include <span>
#include <string>

namespace ledgergate {
namespace {

constexpr std::string_view kChallengePrefix = "/.well-known/acme-challenge/";

// Parameters that are secrets before a kind of server count where there is one of that kind, or nobody knows which there are.
bool shows_secret_parameter(const settings::Settings& settings, const http::Target& target) {
  std::string scratch;
  const auto masks = [&](std::span<const std::string_view> of_server) {
    const observe::SecretNames names{settings.log.mask_query, of_server};
    return observe::mask_query(target.query, names, scratch) != target.query ||
           observe::mask_path(target.path, names, scratch) != target.path;
  };
  if (settings.servers.empty()) return masks(profile::all_secret_parameters());
  return std::any_of(settings.servers.begin(), settings.servers.end(),
                     [&](const settings::Server& server) { return masks(profile::secret_parameters(server.profile)); });
}

// Everything that could be a secret of somebody's, by its name; what a handshake of WebSocket has for a key is none.
bool carries_secrets(const settings::Settings& settings, const http::RequestHead& request, const http::Target& target) {
  const bool in_field = std::any_of(request.fields.begin(), request.fields.end(), [](const http::Field& field) {
    return client::takes_credentials(field.name) && !http::iequals(field.name, "Sec-WebSocket-Key");
  });
  return in_field || shows_secret_parameter(settings, target);
}

// Whether the server will read a user of the caller's. Of all fields that it could take for it each must name one: which of two it
// would believe is not known.
bool brings_credentials(const Exchange& x) {
  const settings::Profile profile = x.facts.server->profile;
  const std::string_view wanted = profile::credentials_field(profile);
  bool brought = false;
  for (const auto& field : x.request.fields) {
    if (!route::same_variable(field.name, wanted)) continue;
    if (goes_no_further(x, field) || !profile::names_a_user(field.value, profile)) return false;
    brought = brought || http::iequals(field.name, wanted);
  }
  return brought;
}

// A certificate that is good enough for the name in the handshake, or none, must not open another name that asks for more
// (RFC 9110 section 15.5.20).
bool misdirected(const Exchange& x) {
  const listen::TlsFront* front = x.generation->front(x.listener);
  return front != nullptr && front->rules_of(x.target.host) != x.rules;
}

} // namespace

Result<Way> decide(Exchange& x) {
  const settings::Settings& settings = x.generation->settings();
  const settings::Listener& listener = *x.facts.listener;
  const std::uint16_t default_port = x.facts.tls ? 443 : 80;

  const auto read = http::read_target(x.request, listener.odd_hosts, default_port, x.target);
  if (!read) return read.error();

  if (listener.kind == settings::ListenerKind::admin) return Way::admin;
  if (!listener.acme_webroot.empty() && std::string_view(x.target.decoded).starts_with(kChallengePrefix)) return Way::challenge;
  if (listener.kind == settings::ListenerKind::redirect) {
    // A till would send its password in clear each time, and old .NET does not follow 308: the first request must fail loudly.
    if (x.request.body.has_content() || carries_secrets(settings, x.request, x.target))
      return Error{Cause::https_required, "migration due: a caller still uses plain http"};
    return Way::redirect;
  }

  const auto chosen = route::choose(settings, x.generation->snapshot->prefixes, x.listener, x.target.host, x.target);
  const settings::Route* route = chosen ? *chosen : nullptr;
  if (route != nullptr) {
    x.facts.route = route;
    x.facts.server = &settings.servers[route->server];
    x.server = route->server;
  }
  // Whatever stands there: the route is only what tells the form of this refusal.
  if (misdirected(x)) return Error{Cause::misdirected};
  if (!chosen) return chosen.error();
  if (route == nullptr) return Error{Cause::no_route};
  return Way::forward;
}

Result<void> check_request(Exchange& x) {
  // Who is known is served: room is made by those who are not (shedding.h).
  if (x.services->shared().short_of_memory.load(std::memory_order_relaxed) && x.client == nullptr && !x.standing->known()) {
    x.last = true; // what this connection holds is given back, too
    return Error{Cause::no_capacity, "beyond limits.memory"};
  }
  if (x.standing->on_trial()) {
    x.last = true;
    x.retry_after = 1;
    return Error{Cause::rate_limited, "connections of this address"};
  }
  const settings::Route* route = x.facts.route;
  const auto unit = find_unit(x);
  if (!unit) return unit.error();
  keep_own_secrets(x); // for the server that the unit has
  route::append_upstream_target(*route, x.target, x.upstream_target);
  const auto allowed = check_rules(x, x.upstream_target);
  if (!allowed) return allowed;
  x.facts.websocket = route->websocket && http::wanted_upgrade(x.request) == http::Upgrade::websocket;
  x.body->limit(body_limit(x));
  if (route->decompress_requests && x.request.body.kind != http::BodyKind::none) {
    const auto coding = http::content_coding(x.request.fields);
    if (!coding) return Error{Cause::unsupported_coding};
    x.body_coding = *coding;
  }
  x.framing = x.request.body;
  // Before a body is taken for nothing; where the body names the server, behind it (forward.cpp).
  if (route->units.empty()) return available(x);
  return {};
}

std::uint64_t body_limit(const Exchange& x) noexcept {
  return x.facts.route->body_limit != 0 ? x.facts.route->body_limit : x.facts.server->body_limit;
}

Result<void> check_rules(const Exchange& x, std::string_view upstream_target) {
  const settings::Route* route = x.facts.route;
  const settings::Server& server = *x.facts.server;
  std::string scratch;
  const std::string_view path = route::server_path(*route, x.target, scratch);
  if (profile::describes_api(server.profile, path) && !profile::describes_api(server.profile, route->path) &&
      !profile::describes_api(server.profile, route->rewrite_prefix))
    return Error{Cause::no_route, "Swagger is published only by a route whose path names it"};
  const auto endpoint = profile::check(server.profile, x.request.method, path);
  if (endpoint.verdict == profile::Verdict::no_such_endpoint)
    return Error{Cause::no_route, "no such endpoint on this kind of server"};
  if (endpoint.verdict == profile::Verdict::method_not_allowed) return Error{Cause::method_not_allowed, endpoint.allow};
  // mServer asks nobody who only wants to know whether it is there (docs/vendors.md, mServer).
  const bool knows_server = route->units.empty() || server.profile != settings::Profile::mserver || !x.unit.empty() ||
                            !profile::asks_by_body(server.profile, path);
  if (route->require_credentials && knows_server && !profile::answers_while_busy(server.profile, upstream_target) &&
      x.generation->snapshot->credentials(x.client, *route, x.server) == nullptr && !brings_credentials(x))
    return Error{Cause::credentials_missing};

  // RFC 9110 section 7.8: without the route's word Upgrade is ignored. What is half a handshake is not given to a server to guess
  // at.
  if (route->websocket && http::wanted_upgrade(x.request) == http::Upgrade::malformed)
    return Error{Cause::bad_request, "a malformed WebSocket handshake"};

  const std::uint64_t limit = body_limit(x);
  if (limit != 0 && x.request.body.kind == http::BodyKind::length && x.request.body.length > limit)
    return Error{Cause::body_too_large};
  return {};
}

} // namespace ledgergate
