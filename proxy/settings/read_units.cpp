// Accounting units: the places that a server gives each of them, and the servers that a route sends them to.
#include "settings/sections.h"

#include "base/uuid.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kLongestIco = 15; // the schema of dataPack/@ico allows no more

// The IČO of a dataPack: kept as text, for its zeros in front.
std::string normalise_ico(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ') out += c;
  const bool digits = std::all_of(out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && out.size() <= kLongestIco ? out : "";
}

} // namespace

void read_server_units(const Value& list, const Value& total, Server& server) {
  for (const Value& item : list.items("`units` is empty; leave it out: without it all units share one place")) {
    std::string text;
    if (!item.text(text)) continue;
    const auto unit = normalise_uuid(text);
    if (!unit)
      item.error(quote(text) + " is not a unit's UUID such as `0f8fad5b-d9cb-469f-a165-70867728950e`");
    else if (std::find(server.units.begin(), server.units.end(), *unit) != server.units.end())
      item.error("the unit " + quote(*unit) + " is named twice");
    else
      server.units.push_back(*unit);
  }
  const bool own_total = total.count(server.concurrency_total, 1, 1'000);
  if (list.present() && server.profile != Profile::apicomprem)
    return list.error("`units` is for apicomprem: another server's units are not told by a header");
  if (total.present() && !list.present())
    return total.error("`concurrency_total` bounds all `units` together; without `units`, `concurrency` is the bound");
  if (!list.present()) return;
  if (server.concurrency == 0) return list.error("`units` have `concurrency` places each: it can't be `none`");
  if (server.concurrency_total >= server.concurrency) return;
  if (own_total)
    total.error("`concurrency_total` must be at least `concurrency`, the places of one unit");
  else
    server.concurrency_total = server.concurrency; // more places for each unit were asked for
}

void read_route_units(const Value& map, const Draft& draft, Route& route) {
  const auto& servers = draft.settings.servers;
  const bool known = route.server < servers.size(); // else that is the mistake
  const Profile profile = known ? servers[route.server].profile : Profile::http;
  if (known && map.present() && profile != Profile::mserver && profile != Profile::apicomprem)
    return map.error("`units` is for mserver and apicomprem: the requests of other servers name none");
  for (const auto& [key, place, value] :
       map.named("`units` is empty: every unit would be refused; leave it out to send all to `server`")) {
    Problems& problems = value.context().problems;
    const std::size_t server = find_server(value, draft);
    if (server < servers.size() && known && servers[server].profile != profile)
      value.error("the server " + quote(servers[server].name) + " is of another profile than " + quote(servers[route.server].name));
    if (!known) continue;
    std::string unit = profile == Profile::mserver ? normalise_ico(key) : normalise_uuid(key).value_or("");
    const auto same = [&](const auto& other) { return other.first == unit; };
    if (unit.empty())
      problems.error(place, quote(key) + (profile == Profile::mserver
                                              ? " is not the IČO of a unit: digits only, 15 at most"
                                              : " is not a unit's UUID such as `0f8fad5b-d9cb-469f-a165-70867728950e`"));
    else if (std::any_of(route.units.begin(), route.units.end(), same))
      problems.error(place, "the unit " + quote(unit) + " is named twice");
    else
      route.units.emplace_back(std::move(unit), server);
  }
}

} // namespace ledgergate::settings
