// What can only be seen with all sections side by side.
#include "base/own_addresses.h"
#include "settings/known_operations.h"
#include "settings/same_server.h"
#include "settings/sections.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace ledgergate::settings {
namespace {

bool leads_to(const Route& route, std::size_t server) {
  return route.server == server ||
         std::any_of(route.units.begin(), route.units.end(), [&](const auto& unit) { return unit.second == server; });
}

std::string on_line(Place place) { return "line " + std::to_string(place.line); }

// The two wildcards hold the same IPv4 port: "[::]" is dual stack.
bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port || a.port == 0) return false; // port 0: the kernel finds a free one for each
  return a.ip == b.ip || (a.ip.unspecified() && b.ip.unspecified());
}

void check_listeners(const Draft& draft, Problems& problems) {
  const auto& listeners = draft.settings.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Place place = draft.listener_places[i];
      const std::string other = on_line(draft.listener_places[k]);
      if (collide(listeners[i].address, listeners[k].address)) {
        problems.error(place, "duplicate address: " + listeners[i].address.text() + " is taken by the listener on " + other);
        break;
      }
      if (!listeners[i].name.empty() && listeners[i].name == listeners[k].name) {
        problems.error(place, "duplicate name: the listener on " + other + " is called " + quote(listeners[i].name) + " already");
        break;
      }
    }
  }
  if (const auto& admin = draft.settings.admin.address) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (listeners[i].name == "admin")
        return problems.error(draft.listener_places[i], "the name `admin` belongs to the door of `admin`; choose another");
      if (collide(*admin, listeners[i].address))
        return problems.error(draft.admin_place, "duplicate address: " + admin->text() + " is taken by the listener on " +
                                                     on_line(draft.listener_places[i]));
    }
  }
}

bool share_a_listener(const Route& a, const Route& b) {
  if (a.listeners.empty() || b.listeners.empty()) return true;
  return std::any_of(a.listeners.begin(), a.listeners.end(),
                     [&](std::size_t i) { return std::find(b.listeners.begin(), b.listeners.end(), i) != b.listeners.end(); });
}

// `whole` at the border of a segment of `path`, or the same.
bool begins_with(std::string_view path, std::string_view whole) {
  if (whole == "/") return true;
  return path.starts_with(whole) && (path.size() == whole.size() || path[whole.size()] == '/');
}

// As the server will see it.
std::string server_prefix(const Route& route) {
  return route.strip_prefix ? "/" : !route.rewrite_prefix.empty() ? route.rewrite_prefix : route.path;
}

// The endpoints that profile/ lets through (docs/vendors.md). A prefix that leads to none of them is 404
// for ever.
bool reaches_an_endpoint(Profile profile, const Route& route) {
  std::string prefix = server_prefix(route);
  if (profile == Profile::apicomprem) return begins_with("/api/comm", prefix);
  if (profile != Profile::mserver) return true;
  prefix = lower(prefix); // the vendor's pages write /xml and /XML
  return begins_with("/xml", prefix) || begins_with("/status", prefix) || begins_with("/documents", prefix) ||
         begins_with(prefix, "/documents");
}

// A list of operations that forbids all that this route leads to.
void check_operations_of_files(const Draft& draft, const Route& route, Place place, Problems& problems) {
  if (route.operations.empty() || draft.settings.servers[route.server].profile != Profile::mserver) return;
  const bool files_only = begins_with(lower(server_prefix(route)), "/documents");
  if (files_only && std::find(route.operations.begin(), route.operations.end(), kDocuments) == route.operations.end())
    problems.warning(place, "nothing can be reached through this route: `operations` does not name `documents`");
}

void check_routes(const Draft& draft, Problems& problems) {
  const auto& routes = draft.settings.routes;
  // Looked up by host and path, or by name: a comparison of all pairs would take minutes for a large generated file.
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> published;
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    const Place place = draft.route_places[i];
    auto& same = published[{route.host, route.path}];
    const auto twin = std::find_if(same.begin(), same.end(), [&](std::size_t k) { return share_a_listener(route, routes[k]); });
    const auto [first, added] = names.emplace(route.name, i);
    if (twin != same.end())
      problems.error(place, "duplicate route: " + quote(route.host + route.path) + " is published by the route on " +
                                on_line(draft.route_places[*twin]) + " already");
    else if (!added)
      problems.error(place, "duplicate name: the route on " + on_line(draft.route_places[first->second]) + " is called " +
                                quote(route.name) + " already; give one of them another `name`");
    same.push_back(i);
    if (route.server < draft.settings.servers.size()) check_operations_of_files(draft, route, place, problems);
    if (route.server < draft.settings.servers.size() && !reaches_an_endpoint(draft.settings.servers[route.server].profile, route)) {
      const bool mserver = draft.settings.servers[route.server].profile == Profile::mserver;
      problems.error(place, std::string("nothing can be reached through this route: ") +
                                (mserver ? "an mserver answers /xml, /status and /documents" : "ApiComPrem answers /api/comm") +
                                " only (is `strip_prefix: true` missing?)");
    }
  }
}

// A listener that strangers may reach and that serves the route; null when there is none.
const Listener* exposed_listener(const Draft& draft, const Route& route) {
  const auto& listeners = draft.settings.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i)
    if (listeners[i].kind != ListenerKind::redirect && !is_local_network(listeners[i].address.ip) &&
        (route.listeners.empty() || std::find(route.listeners.begin(), route.listeners.end(), i) != route.listeners.end()))
      return &listeners[i];
  return nullptr;
}

// As servers that know header names as variables see it (route/field_names.h).
std::string as_variable(std::string_view header) {
  std::string name(header);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '-';
  }
  return name;
}

bool names_credentials(std::string_view header) {
  const std::string name = as_variable(header);
  return name == "authorization" || name == "stw-authorization";
}

// Whether the edge reads what the route's requests ask in their bodies.
bool reads_bodies(const Draft& draft, const Route& route) {
  const Profile profile = draft.settings.servers[route.server].profile;
  if (profile == Profile::apicomprem) return true; // `select` is asked for by name
  const auto& clients = draft.settings.clients;
  return profile == Profile::mserver &&
         (!route.operations.empty() || !route.units.empty() ||
          (!route.anonymous && std::any_of(clients.begin(), clients.end(), [](const Client& c) { return !c.operations.empty(); })));
}

// The server would read the body by other words than the edge did.
void check_words_of_bodies(const Draft& draft, const Route& route, Place place, Problems& problems) {
  if (!reads_bodies(draft, route)) return;
  for (const HeaderRule& rule : route.request_headers) {
    const std::string name = as_variable(rule.name);
    if (rule.action == HeaderAction::pass || (name != "content-type" && name != "content-encoding")) continue;
    problems.error(place, "`request_headers` names " + quote(rule.name) +
                              ", and here the edge reads bodies by the caller's own: the server would read another request than "
                              "was judged; take it out");
  }
}

// Ways in that are wider than meant.
void check_doors(const Draft& draft, Problems& problems) {
  const auto& [servers, routes] = std::tie(draft.settings.servers, draft.settings.routes);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    if (route.server >= servers.size()) continue;
    const bool eshop = servers[route.server].profile == Profile::eshop;
    // It leads out: bound to no listener, it would lead the internet through the edge to the shop.
    if (eshop && route.listeners.empty()) {
      problems.error(draft.route_places[i], "a route to an eshop leads out of the LAN: name the `listeners` on the LAN's side");
      continue;
    }
    check_words_of_bodies(draft, route, draft.route_places[i], problems);
    const auto& clients = draft.settings.clients;
    const bool for_clients = std::any_of(clients.begin(), clients.end(), [&](const Client& client) {
      return std::any_of(client.credentials.begin(), client.credentials.end(),
                         [&](const auto& own) { return leads_to(route, own.first); });
    });
    for (const HeaderRule& rule : route.request_headers)
      if (names_credentials(rule.name) && (for_clients || injects_credentials(route, servers)))
        problems.error(draft.route_places[i], "`request_headers` names " + quote(rule.name) +
                                                  ", and so do `credentials`: only these know what goes to the server");
    const Listener* const exposed = route.anonymous ? exposed_listener(draft, route) : nullptr;
    if (exposed == nullptr) continue;
    if (injects_credentials(route, servers))
      problems.warning(draft.route_places[i], "whoever reaches the listener " + quote(exposed->name) +
                                                  " works with the edge's own `credentials` here: its address is not private");
    else if (eshop)
      problems.warning(draft.route_places[i], "a route to an eshop is for the LAN, and the listener " + quote(exposed->name) +
                                                  " is on an address that is not private");
  }
}

// What is sent to one's own door comes back, until something is used up.
void check_circles(const Draft& draft, Problems& problems) {
  const auto& listeners = draft.settings.listeners;
  const auto& servers = draft.settings.servers;
  const auto own_place = [](const Endpoint& address) {
    return address.ip.loopback() ? place_of("localhost", address.port) : place_of(address.ip.text(), address.port);
  };
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto ip = IpAddress::parse(servers[i].host);
    const std::string place = ip ? own_place({*ip, servers[i].port}) : place_of(servers[i].host, servers[i].port);
    const auto leads_to = [&](const Endpoint& own) {
      if (own.port == 0 || own.port != servers[i].port) return false;
      return own_place(own) == place || (own.ip.unspecified() && ip && is_own_address(*ip));
    };
    const auto own =
        std::find_if(listeners.begin(), listeners.end(), [&](const Listener& listener) { return leads_to(listener.address); });
    if (own != listeners.end())
      problems.warning(draft.server_places[i], "the server " + quote(servers[i].name) + " is this edge's own listener " +
                                                   quote(own->name) + ": what goes there comes back here");
    else if (draft.settings.admin.address && leads_to(*draft.settings.admin.address))
      problems.warning(draft.server_places[i],
                       "the server " + quote(servers[i].name) + " is the door of `admin`: whoever comes by it can lift bans");
  }
}

// Not wrong, but surely not meant.
void check_unused(const Draft& draft, Problems& problems) {
  const auto& [listeners, servers, routes] = std::tie(draft.settings.listeners, draft.settings.servers, draft.settings.routes);
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (std::none_of(routes.begin(), routes.end(), [&](const Route& route) { return leads_to(route, i); }))
      problems.warning(draft.server_places[i], "no route leads to the server " + quote(servers[i].name));
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto served = [&](const Route& route) {
      return route.listeners.empty() || std::find(route.listeners.begin(), route.listeners.end(), i) != route.listeners.end();
    };
    if (listeners[i].kind != ListenerKind::redirect && std::none_of(routes.begin(), routes.end(), served))
      problems.warning(draft.listener_places[i], "no route is served on the listener " + quote(listeners[i].name));
  }
}

} // namespace

bool injects_credentials(const Route& route, const std::vector<Server>& servers) {
  if (!route.credentials.empty()) return true;
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (leads_to(route, i) && !servers[i].credentials.empty()) return true;
  return false;
}

void check_together(Draft& draft, Problems& problems) {
  check_listeners(draft, problems);
  check_routes(draft, problems);
  check_doors(draft, problems);
  check_identity(draft, problems);
  if (problems.failed()) return; // what follows would only repeat it
  join_names_of_one_server(draft, problems);
  check_circles(draft, problems);
  check_unused(draft, problems);
}

} // namespace ledgergate::settings
