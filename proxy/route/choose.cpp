#include "route/choose.h"

#include "route/fit.h"
#include "route/route.h"

#include <algorithm>
#include <compare>
#include <string>

namespace ledgergate::route {
namespace {

constexpr Error elsewhere{Cause::bad_target, "some servers read this path as another route's, whose rules differ"};

// One request, while its readings are gone through.
struct Question {
  const settings::Settings& settings;
  const Prefixes& prefixes;
  std::size_t listener;
  std::string_view host;
  const http::Target& target;

  [[nodiscard]] std::size_t index(const settings::Route& route) const {
    return static_cast<std::size_t>(&route - settings.routes.data());
  }
  [[nodiscard]] std::uint32_t rules(const settings::Route& route) const { return prefixes.rules[index(route)]; }
  // Whether every server that decodes the path once finds the route's prefix in it: spelled out, with slashes that are slashes.
  [[nodiscard]] bool spells_out(const settings::Route& route) const {
    const auto spelling = spelling_of(settings.servers[route.server]);
    return prefix_bytes(target.path, trim_slashes(route.path), spelling) != std::string_view::npos;
  }
};

// The closest route whose prefix the path spells out; null when there is none.
const settings::Route* certain_route(const Question& q) {
  const settings::Route* found = nullptr;
  Fit found_fit;
  for (const auto& route : q.settings.routes) {
    const Fit close = fit(route, q.listener, q.host);
    if (close.host == HostFit::none || close <= found_fit || !q.spells_out(route)) continue;
    found = &route;
    found_fit = close;
  }
  return found;
}

const http::FoldedPrefix probe_prefix = http::fold_prefix("/p");

// "/app/(S(x))y" is "/appy" to ASP.NET, and what stands in place of "/app" at the server would be joined with "y", too.
bool joins_prefix(const Question& q, const settings::Route& route) {
  const std::string_view path = q.target.decoded;
  const auto cut = prefix_length(path, trim_slashes(route.path), Spelling::loose);
  const auto at = cut == std::string_view::npos ? cut : path.find_first_not_of('/', cut);
  if (at == std::string_view::npos || (path[at] != '(' && path[at] != '%')) return false;
  std::string probe = "/p";
  probe += path.substr(cut);
  http::PathReadings readings(probe, http::PathReadings::Text::decoded);
  while (readings.next())
    if (!http::could_lie_below(readings.text(), probe_prefix)) return true;
  return !readings.complete();
}

// Calls `look` with each route of other rules that another reading of the path could lead to, until it says true. Those that are
// less close than `certain` stand behind it in every reading where its prefix has one reading only, and where theirs is spelled
// out, too.
template <class Look>
bool any_rival(const Question& q, const settings::Route& certain, const Look& look) {
  const Fit bound = fit(certain, q.listener, q.host);
  const bool one_reading = q.prefixes.folded[q.index(certain)].pure();
  return std::any_of(q.settings.routes.begin(), q.settings.routes.end(), [&](const settings::Route& route) {
    if (q.rules(route) == q.rules(certain)) return false;
    const Fit close = fit(route, q.listener, q.host);
    if (close.host == HostFit::none || (close < bound && (one_reading || q.spells_out(route)))) return false;
    return look(route);
  });
}

// Whether a path that begins anew within the one that was asked for could be another's, whose rules differ.
bool begins_elsewhere(const Question& q, const settings::Route& certain, std::u32string_view anew) {
  return std::any_of(q.settings.routes.begin(), q.settings.routes.end(), [&](const settings::Route& route) {
    if (q.rules(route) == q.rules(certain) || trim_slashes(route.path).empty()) return false;
    return fit(route, q.listener, q.host).host != HostFit::none && http::could_lie_below(anew, q.prefixes.folded[q.index(route)]);
  });
}

// Whether every reading lies below `certain`, and none below a rival.
bool readings_agree(const Question& q, const settings::Route& certain) {
  http::PathReadings readings(q.target.path, http::PathReadings::Text::encoded);
  while (readings.next()) {
    const auto lies = [&](const settings::Route& route) {
      return http::could_lie_below(readings.text(), q.prefixes.folded[q.index(route)]);
    };
    if (!lies(certain) || any_rival(q, certain, lies)) return false;
    for (std::size_t i = 0; i < readings.anew(); ++i)
      if (begins_elsewhere(q, certain, readings.anew(i))) return false;
  }
  return readings.complete();
}

// The letters of a plain path are all that servers may read otherwise, unless a prefix itself is no plain one.
bool plain_agrees(const Question& q, const settings::Route& certain) {
  bool look_closer = false;
  const bool other_letters = any_rival(q, certain, [&](const settings::Route& route) {
    look_closer = look_closer || !q.prefixes.folded[q.index(route)].plain;
    return lies_below(q.target.decoded, trim_slashes(route.path), Spelling::loose);
  });
  return !other_letters && (!look_closer || readings_agree(q, certain));
}

} // namespace

Result<const settings::Route*> choose(const settings::Settings& settings, const Prefixes& prefixes, std::size_t listener,
                                      std::string_view host, const http::Target& target) {
  const settings::Route* route = find(settings, listener, host, target.decoded);
  if (route == nullptr) return route; // nothing is forwarded, however it is read
  const Question q{settings, prefixes, listener, host, target};
  // The whole server is more than a route gives of it, and what lies behind a lock is a part of it.
  if (target.path == "*" && (prefixes.contested[q.index(*route)] || route->strip_prefix || !route->rewrite_prefix.empty()))
    return Error{Cause::bad_target,
                 "'*' asks of the whole server, and the host's routes publish parts of it, or by different rules"};
  const bool contested = prefixes.contested[q.index(*route)];
  if (target.plain) {
    if (contested && !plain_agrees(q, *route)) return elsewhere;
    return route;
  }
  const bool root = trim_slashes(route->path).empty() && route->rewrite_prefix.empty();
  if (!contested && root) return route; // all that is below it is its own
  const settings::Route* certain = q.spells_out(*route) ? route : certain_route(q);
  if (certain == nullptr || q.rules(*certain) != q.rules(*route) || (!root && joins_prefix(q, *certain)))
    return Error{Cause::bad_target, "some servers read this path as lying outside the route's"};
  const bool rivals = contested && any_rival(q, *certain, [](const settings::Route&) { return true; });
  if (rivals && !readings_agree(q, *certain)) return elsewhere;
  return route;
}

} // namespace ledgergate::route
