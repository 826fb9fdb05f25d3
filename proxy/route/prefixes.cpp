// What choose() needs to know of the routes beforehand.
#include "http/path.h"
#include "route/choose.h"
#include "route/prefix.h"
#include "settings/problems.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace ledgergate::route {
namespace {

// Without what makes no difference to what a caller may do, or to whom. A field that is new counts until it is named here. Where
// the prefix is taken off, it is part of where a request goes.
settings::Route rules_of(const settings::Route& route) {
  settings::Route rules = route;
  rules.name.clear();
  rules.host.clear();
  rules.listeners.clear();
  if (!rules.strip_prefix && rules.rewrite_prefix.empty()) rules.path.clear();
  rules.public_url.clear();
  rules.map_location = true;
  rules.hsts.clear();
  rules.language = settings::Language::en;
  rules.compress = {};
  return rules;
}

std::vector<std::uint32_t> number_rules(const std::vector<settings::Route>& routes) {
  // Few are compared with each other: a generated file may have tens of thousands.
  using Rough = std::tuple<std::size_t, bool, bool, std::vector<std::size_t>, std::string>;
  std::map<Rough, std::vector<std::pair<settings::Route, std::uint32_t>>> known;
  std::vector<std::uint32_t> numbers;
  std::uint32_t next = 0;
  for (const auto& route : routes) {
    settings::Route rules = rules_of(route);
    auto& alike = known[{rules.server, rules.anonymous, rules.any_client, rules.clients, rules.path}];
    auto same = alike.begin();
    while (same != alike.end() && !(same->first == rules)) ++same;
    if (same == alike.end()) same = alike.emplace(same, std::move(rules), next++);
    numbers.push_back(same->second);
  }
  return numbers;
}

bool for_many_hosts(const settings::Route& route) { return route.host.empty() || route.host.starts_with("*."); }

// Whether callers of a host may meet other rules than a route's. Wildcards count for every host: it may err on that side.
std::vector<bool> find_contested(const std::vector<settings::Route>& routes, const std::vector<std::uint32_t>& rules) {
  std::set<std::uint32_t> everywhere;
  std::map<std::string_view, std::set<std::uint32_t>> by_host;
  std::set<std::uint32_t> all;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    all.insert(rules[i]);
    if (for_many_hosts(routes[i]))
      everywhere.insert(rules[i]);
    else
      by_host[routes[i].host].insert(rules[i]);
  }
  std::vector<bool> contested;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const auto& met = for_many_hosts(routes[i]) ? all : by_host[routes[i].host];
    const bool others = met.size() > 1 || everywhere.size() > 1 || (everywhere.size() == 1 && *everywhere.begin() != rules[i]);
    contested.push_back(others);
  }
  return contested;
}

bool share_a_listener(const settings::Route& a, const settings::Route& b) {
  if (a.listeners.empty() || b.listeners.empty()) return true;
  return std::any_of(a.listeners.begin(), a.listeners.end(),
                     [&](std::size_t i) { return std::find(b.listeners.begin(), b.listeners.end(), i) != b.listeners.end(); });
}

} // namespace

Prefixes make_prefixes(const settings::Settings& settings) {
  Prefixes out;
  for (const auto& route : settings.routes) out.folded.push_back(http::fold_prefix(trim_slashes(route.path)));
  out.rules = number_rules(settings.routes);
  out.contested = find_contested(settings.routes, out.rules);
  return out;
}

std::vector<std::string> indistinct(const settings::Settings& settings, const Prefixes& prefixes) {
  std::vector<std::string> out;
  std::map<std::pair<std::string_view, std::u32string_view>, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < settings.routes.size(); ++i) {
    const auto& route = settings.routes[i];
    auto& same = places[{route.host, prefixes.folded[i].forms.front()}];
    for (const std::size_t k : same) {
      const auto& other = settings.routes[k];
      if (prefixes.rules[i] == prefixes.rules[k] || !share_a_listener(route, other) || route.path == other.path) continue;
      out.push_back(
          "routes " + settings::quote(other.name) + " and " + settings::quote(route.name) + ": some servers read " +
          settings::quote(other.path) + " and " + settings::quote(route.path) +
          " as one path, and their rules differ, so requests to either are refused; give them one set of rules, or other paths");
      break;
    }
    same.push_back(i);
  }
  return out;
}

std::vector<std::string> unreachable(const settings::Settings& settings) {
  std::vector<std::string> out;
  std::string decoded;
  bool plain = false;
  for (const auto& route : settings.routes) {
    const auto sound = http::read_path(route.path, decoded, plain);
    if (sound || sound.error().cause != Cause::bad_target) continue;
    out.push_back("route " + settings::quote(route.name) + ": every request to the path " + settings::quote(route.path) +
                  " is 400: " + std::string(sound.error().detail) + "; give it another path");
  }
  return out;
}

} // namespace ledgergate::route
