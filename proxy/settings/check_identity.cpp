// Who may come in, seen with all sections side by side: doors that are wider than meant, locks that would not hold, and locks that
// nobody could open.
#include "settings/sections.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace ledgergate::settings {
namespace {

std::vector<const Listener*> listeners_of(const Draft& draft, const Route& route) {
  const auto& listeners = draft.settings.listeners;
  std::vector<const Listener*> out;
  for (std::size_t i = 0; i < listeners.size(); ++i)
    if (listeners[i].kind != ListenerKind::redirect &&
        (route.listeners.empty() || std::find(route.listeners.begin(), route.listeners.end(), i) != route.listeners.end()))
      out.push_back(&listeners[i]);
  return out;
}

bool names(const Route& route, std::size_t client) {
  return route.any_client || std::binary_search(route.clients.begin(), route.clients.end(), client);
}

std::vector<const Client*> clients_of(const Draft& draft, const Route& route) {
  std::vector<const Client*> out;
  for (std::size_t i = 0; i < draft.settings.clients.size(); ++i)
    if (names(route, i)) out.push_back(&draft.settings.clients[i]);
  return out;
}

// As the story reads it (identify.cpp): Authorization is the edge's own where the server has a header of its own, or does not get
// the caller's.
bool takes_basic(const Draft& draft, const Route& route) {
  const Server& server = draft.settings.servers[route.server];
  if (server.profile == Profile::mserver || !route.credentials.empty() || !server.credentials.empty()) return true;
  const auto& clients = draft.settings.clients;
  return std::any_of(clients.begin(), clients.end(), [&](const Client& client) {
    return std::any_of(client.credentials.begin(), client.credentials.end(),
                       [&](const auto& own) { return own.first == route.server; });
  });
}

// Whether callers of this route are asked for a certificate on this listener; where the server name is not known before, whether
// some may be.
bool asks_for_certificates(const Listener& listener, const Route& route) {
  const auto asks = [](const CallerCertificates& callers) { return !callers.ca.empty(); };
  const auto rules = [&](std::string_view name) {
    return std::find_if(listener.names.begin(), listener.names.end(), [&](const auto& each) { return each.first == name; });
  };
  if (route.host.empty() || route.host.starts_with("*."))
    return asks(listener.callers) ||
           std::any_of(listener.names.begin(), listener.names.end(), [&](const auto& each) { return asks(each.second); });
  auto found = rules(route.host);
  const std::size_t dot = route.host.find('.');
  if (found == listener.names.end() && dot != std::string::npos) found = rules("*" + route.host.substr(dot));
  return asks(found != listener.names.end() ? found->second : listener.callers);
}

constexpr Proofs kNothingMissing = kNoProof;

// What this client can't prove on this listener, of what it must.
Proofs missing(const Client& client, const Listener& listener, const Route& route, bool basic) {
  const Proofs ways = client.ways();
  Proofs usable = ways;
  if (!asks_for_certificates(listener, route)) usable = static_cast<Proofs>(usable & ~kCertificate);
  if (!basic) usable = static_cast<Proofs>(usable & ~kPassword);
  const auto must = static_cast<Proofs>(listener.require | route.require | (client.all ? ways : kNoProof));
  if ((must & ~usable) != 0) return static_cast<Proofs>(must & ~usable);
  return usable != kNoProof ? kNothingMissing : ways;
}

// Why a proof can't be given here, to an administrator.
std::string explain(const Client& client, Proofs proof) {
  if ((proof & kCertificate) != 0)
    return client.certificate ? "its certificate is never asked for: no listener of this route has a `client_ca` for it"
                              : "a certificate is required, and it has none";
  if ((proof & kApiKey) != 0) return "an API key is required, and it has none";
  return client.user.empty() ? "a password is required, and it has no `user`"
                             : "its password can't be asked for: `Authorization` goes to the server here; give the server "
                               "`credentials`, or the client a key";
}

void check_proofs(const Draft& draft, const Route& route, Place place, Problems& problems) {
  const auto listeners = listeners_of(draft, route);
  const auto clients = clients_of(draft, route);
  const bool basic = takes_basic(draft, route);
  const auto shut_out = [&](const Client* client) {
    return std::all_of(listeners.begin(), listeners.end(),
                       [&](const Listener* listener) { return missing(*client, *listener, route, basic) != kNothingMissing; });
  };
  if (listeners.empty() || clients.empty()) return; // said elsewhere
  if (std::all_of(clients.begin(), clients.end(), shut_out)) {
    const Proofs lacks = missing(*clients.front(), *listeners.front(), route, basic);
    return problems.error(place, "nobody can come in by this route; the client " + quote(clients.front()->name) + ": " +
                                     explain(*clients.front(), lacks));
  }
  // `any` names nobody in particular: it is enough that somebody can come in.
  if (route.any_client) return;
  for (const Client* client : clients) {
    if (!shut_out(client)) continue;
    const Proofs lacks = missing(*client, *listeners.front(), route, basic);
    const std::string words = "the client " + quote(client->name) + " can't come in by this route: " + explain(*client, lacks);
    // Who is kept out by `require` may be meant to be; a proof that is never asked for can't be.
    if ((client->ways() & lacks) != 0)
      problems.error(place, words);
    else
      problems.warning(place, words);
  }
}

void check_operations(const Draft& draft, const Route& route, Place place, Problems& problems) {
  const Profile profile = draft.settings.servers[route.server].profile;
  if (profile == Profile::mserver || profile == Profile::apicomprem) return;
  for (const Client* client : clients_of(draft, route))
    if (!client->operations.empty())
      return problems.error(place, "the `operations` of the client " + quote(client->name) +
                                       " would not hold on this route: only of mserver and apicomprem it is known what is asked");
}

// Keys and passwords must not be readable on their way through networks of others. A private network is the administrator's own
// affair, and behind a front proxy that is told of it is that one that speaks TLS.
void check_clear(const Draft& draft, const Route& route, Place place, Problems& problems) {
  if (!draft.settings.trusted_proxies.empty()) return;
  const auto clients = clients_of(draft, route);
  const auto secret =
      std::find_if(clients.begin(), clients.end(), [](const Client* each) { return (each->ways() & (kApiKey | kPassword)) != 0; });
  if (secret == clients.end()) return;
  for (const Listener* listener : listeners_of(draft, route))
    if (listener->kind == ListenerKind::plain && !is_local_network(listener->address.ip))
      return problems.error(place, "the secret of the client " + quote((*secret)->name) +
                                       " would travel in clear through the listener " + quote(listener->name) +
                                       ": give it `certificates` or a private address, or the route other `listeners`");
}

// What a listener requires holds where callers are asked who they are, and an open route asks nobody.
void check_open_route(const Draft& draft, const Route& route, Place place, Problems& problems) {
  for (const Listener* listener : listeners_of(draft, route))
    if (listener->require != kNoProof)
      return problems.error(place, "the listener " + quote(listener->name) +
                                       " requires a proof, and `access: anonymous` would let everybody in there: name other "
                                       "`listeners`, or `clients`");
}

void check_client_cert(const Draft& draft, const Route& route, Place place, Problems& problems) {
  if (route.client_cert == ClientCert::off) return;
  const auto listeners = listeners_of(draft, route);
  if (std::none_of(listeners.begin(), listeners.end(), [&](const Listener* each) { return asks_for_certificates(*each, route); }))
    problems.warning(place, "`client_cert` does nothing: no listener of this route asks callers for a certificate (`client_ca`)");
}

// A key that has just been made is often not on a route yet; so this is only said.
void check_unused_clients(Draft& draft, Problems& problems) {
  const auto& [clients, routes] = std::tie(draft.settings.clients, draft.settings.routes);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (clients[i].disabled || std::any_of(routes.begin(), routes.end(), [&](const Route& route) { return names(route, i); }))
      continue;
    std::string text = "no route lets the client " + quote(clients[i].name) + " in";
    if (draft.client_places[i].file == problems.file())
      problems.warning(draft.client_places[i].place, std::move(text));
    else
      draft.elsewhere.push_back({draft.client_places[i].file, 0, 0, std::move(text), true});
  }
}

} // namespace

void check_identity(Draft& draft, Problems& problems) {
  const auto& routes = draft.settings.routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    const Place place = draft.route_places[i];
    if (route.server >= draft.settings.servers.size()) continue;
    check_client_cert(draft, route, place, problems);
    if (route.anonymous) {
      check_open_route(draft, route, place, problems);
      continue;
    }
    check_operations(draft, route, place, problems);
    check_proofs(draft, route, place, problems);
    check_clear(draft, route, place, problems);
  }
  if (!problems.failed()) check_unused_clients(draft, problems);
}

} // namespace ledgergate::settings
