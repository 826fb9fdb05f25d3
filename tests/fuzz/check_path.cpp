#include "checks.h"
#include "http/head.h"
#include "readings.h"
#include "require.h"
#include "route/choose.h"
#include "route/route.h"

#include <algorithm>
#include <string>
#include <vector>

namespace ledgergate::fuzz {
namespace {

using Names = std::vector<std::string>;

struct Place {
  const char* host;
  const char* path;
  bool strip;
  const char* rewrite;
  settings::Profile profile;
  Names below; // where all that is forwarded has to lie
};
const Place kPlaces[] = {
    {"plain.example", "/app", false, "", settings::Profile::http, {"app"}},
    {"strip.example", "/app/inner", true, "", settings::Profile::http, {}},
    {"rewrite.example", "/app", false, "/data/public", settings::Profile::http, {"data", "public"}},
    {"pohoda.example", "/documents", false, "", settings::Profile::mserver, {"documents"}},
    {"locked.example", "/", false, "", settings::Profile::http, {}},
    {"odd.example", "/p\xC3\xA1\xC5\x99/a b", false, "", settings::Profile::onec, {"p\xC3\xA1\xC5\x99", "a b"}},
};

// On the host "locked.example", beside its open root.
const Names kLocked{"admin", "secret place"};

const settings::Settings& published() {
  static const settings::Settings made = [] {
    settings::Settings all;
    for (const Place& place : kPlaces) {
      settings::Server server;
      server.profile = place.profile;
      settings::Route route;
      route.host = place.host;
      route.path = place.path;
      route.strip_prefix = place.strip;
      route.rewrite_prefix = place.rewrite;
      route.server = all.servers.size();
      all.servers.push_back(server);
      route.anonymous = true;
      all.routes.push_back(route);
    }
    settings::Route locked = all.routes[3];
    locked.host = "locked.example";
    locked.server = 5;
    locked.anonymous = false;
    for (const std::string& name : kLocked) {
      locked.path = "/" + name;
      all.routes.push_back(locked);
    }
    return all;
  }();
  return made;
}

const route::Prefixes& prefixes() {
  static const route::Prefixes made = route::make_prefixes(published());
  return made;
}

bool begins_with(const Names& path, const Names& below, bool any_case) {
  if (path.size() < below.size()) return false;
  return std::equal(below.begin(), below.end(), path.begin(),
                    [&](const std::string& a, const std::string& b) { return any_case ? http::iequals(a, b) : a == b; });
}

void check_one(std::string_view target_text, const Place& place) {
  http::RequestHead request;
  request.method = http::Method::get;
  request.method_text = "GET";
  request.target = target_text;
  request.host = place.host;
  request.has_host = true;
  http::Target target;
  if (!http::read_target(request, true, 443, target)) return;
  const auto chosen = route::choose(published(), prefixes(), 0, target.host, target);
  if (!chosen || *chosen == nullptr) return;
  const settings::Route* route = *chosen;
  if (!route->anonymous) return; // it is locked, and that is all that counts here
  std::string out;
  route::append_upstream_target(*route, target, out);
  require(out.starts_with('/') && (!out.starts_with("//") || target.path.starts_with("//")), "what is forwarded is a path");
  require(std::none_of(out.begin(), out.end(), [](unsigned char c) { return c <= ' ' || c == 0x7F; }), "of no control characters");
  const auto query = out.find('?');
  require((query != std::string::npos) == target.has_query, "with the query that came");
  if (target.has_query) require(std::string_view(out).substr(query + 1) == target.query, "as it came");
  out.resize(std::min(out.size(), query));

  const Place& allowed = kPlaces[static_cast<std::size_t>(route - published().routes.data())];
  const bool any_case = allowed.profile == settings::Profile::mserver;
  for (const Names& reading : readings(out))
    require((reading.empty() || reading.front() != "..") && begins_with(reading, allowed.below, any_case),
            "no reading leaves the prefix");
  if (target.host == "locked.example")
    for (const Names& reading : readings(out))
      for (const std::string& name : kLocked)
        require(reading.empty() || !http::iequals(reading.front(), name), "no reading is a locked place");
  // Rules look at the path that the server will see.
  std::string scratch;
  const std::string_view seen = route::server_path(*route, target, scratch);
  require(readings(out).front() == readings(seen).front() || seen.find('%') != std::string_view::npos,
          "rules and server see one path");
}

} // namespace

void check_path(std::string_view bytes) {
  const std::string_view text = bytes.substr(0, bytes.find('\n'));
  for (const Place& place : kPlaces) {
    check_one(text, place);
    // Most bytes name nothing that is published: behind the prefix they do.
    std::string below;
    for (const char c : std::string_view(place.path)) {
      static constexpr char kHex[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (byte > ' ' && byte < 0x7F)
        below += c;
      else
        below += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    check_one(below + "/" + std::string(text), place);
    check_one(below + std::string(text), place);
  }
}

} // namespace ledgergate::fuzz
