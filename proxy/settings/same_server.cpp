#include "settings/same_server.h"

#include "settings/sections.h"

#include <algorithm>
#include <map>

namespace ledgergate::settings {
namespace {

// Places of all units together; 0: no bound.
std::uint32_t total_of(const Server& server) { return server.units.empty() ? server.concurrency : server.concurrency_total; }

// Of two bounds of which 0 is none.
std::uint32_t stricter(std::uint32_t a, std::uint32_t b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

std::string in_words(std::uint32_t bound) { return bound == 0 ? "none" : std::to_string(bound); }

// "`concurrency` 1, `queue.depth` 64": what holds now, of that in which `server` and `other` differ.
std::string what_holds(const Server& server, const Server& other, const Server& one) {
  std::string out;
  const auto add = [&](std::string_view key, std::uint32_t a, std::uint32_t b, std::uint32_t now) {
    if (a == b) return;
    if (!out.empty()) out += ", ";
    out.append("`").append(key).append("` ").append(in_words(now));
  };
  add("concurrency", server.concurrency, other.concurrency, one.concurrency);
  if (!one.units.empty()) add("concurrency_total", total_of(server), total_of(other), total_of(one));
  if (one.concurrency == 0) return out; // nobody stands in line
  add("queue.depth", server.queue.depth, other.queue.depth, one.queue.depth);
  add("queue.depth_per_client", server.queue.depth_per_client, other.queue.depth_per_client, one.queue.depth_per_client);
  return out;
}

} // namespace

std::string place_of(std::string_view host, std::uint16_t port) {
  std::string name(host);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (name.ends_with('.')) name.pop_back();
  if (const auto ip = IpAddress::parse(name)) {
    static const auto kFour = IpAddress::parse("127.0.0.1"), kSix = IpAddress::parse("::1");
    name = ip->unspecified() || *ip == *kFour || *ip == *kSix ? "localhost" : ip->v6 ? '[' + ip->text() + ']' : ip->text();
  } else if (name.ends_with(".localhost")) { // RFC 6761 section 6.3
    name = "localhost";
  }
  return name + ':' + std::to_string(port);
}

Server as_one(const std::vector<const Server*>& names) {
  Server one = *names.front();
  std::uint32_t total = 0;
  one.units.clear();
  for (const Server* name : names) {
    one.concurrency = stricter(one.concurrency, name->concurrency);
    total = stricter(total, total_of(*name));
    one.queue.depth = std::min(one.queue.depth, name->queue.depth);
    one.queue.depth_per_client = std::min(one.queue.depth_per_client, name->queue.depth_per_client);
    if (name->profile == Profile::apicomprem) one.profile = Profile::apicomprem;
    for (const std::string& unit : name->units)
      if (std::find(one.units.begin(), one.units.end(), unit) == one.units.end()) one.units.push_back(unit);
  }
  one.concurrency_total = std::max(total, one.concurrency);
  return one;
}

void join_names_of_one_server(Draft& draft, Problems& problems) {
  auto& servers = draft.settings.servers;
  std::map<std::string, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (!servers[i].host.empty()) places[servers[i].place = place_of(servers[i].host, servers[i].port)].push_back(i);
  for (const auto& [place, indexes] : places) {
    std::vector<const Server*> names;
    for (const std::size_t i : indexes) names.push_back(&servers[i]);
    const Server one = as_one(names);
    const Server first = *names.front();
    for (const std::size_t i : indexes) {
      Server& server = servers[i];
      if (const std::string holds = what_holds(server, first, one); !holds.empty())
        problems.warning(draft.server_places[i], "the server " + quote(server.name) + " is the one of " + quote(first.name) +
                                                     " on line " + std::to_string(draft.server_places[indexes.front()].line) +
                                                     " (" + place +
                                                     "): they share one line, and the stricter bound holds for both: " + holds);
      server.concurrency = one.concurrency;
      if (!server.units.empty()) server.concurrency_total = one.concurrency_total;
      server.queue.depth = one.queue.depth;
      server.queue.depth_per_client = one.queue.depth_per_client;
    }
  }
}

} // namespace ledgergate::settings
