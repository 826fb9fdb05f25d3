#include "route/pass_rules.h"

#include "route/field_names.h"

#include <algorithm>
#include <array>

namespace ledgergate::route {
namespace {

// What fields of programs end with that say nothing of who calls.
constexpr std::array<std::string_view, 14> kHarmless = {"version",   "build",  "type",    "os",       "platform",
                                                        "language",  "locale", "time",    "timezone", "trace",
                                                        "timestamp", "app",    "feature", "features"};

bool harmless(std::string_view name) {
  const std::size_t dash = name.find_last_of("-_.");
  if (dash == std::string_view::npos) return false;
  const std::string_view last = name.substr(dash + 1);
  return std::any_of(kHarmless.begin(), kHarmless.end(), [&](std::string_view word) { return same_variable(word, last); });
}

// Why the edge lets nothing through under a name of this kind; "": it may.
std::string_view never(FieldKind kind) {
  switch (kind) {
  case FieldKind::edge_only:
    return "a server could take it for a front server's word on who calls, and no caller may say that of itself; the edge can "
           "write "
           "it (`set`, `client_cert`)";
  case FieldKind::forwarded_for:
  case FieldKind::forwarded:
  case FieldKind::forwarding:
  case FieldKind::via:
    return "it says whom a request came through, and is believed from `trusted_proxies` only; the edge writes its own";
  case FieldKind::connection:
  case FieldKind::hop:
  case FieldKind::framing: return "it belongs to one connection or says where a message ends, and the edge writes its own";
  default: return "";
  }
}

} // namespace

std::vector<std::string> doubtful_passes(const settings::Settings& settings) {
  std::vector<std::string> out;
  for (const settings::Route& route : settings.routes) {
    for (const settings::HeaderRule& rule : route.request_headers) {
      if (rule.action != settings::HeaderAction::pass) continue;
      const std::string words = "route " + route.name + ": `request_headers.pass`: " + rule.name;
      const FieldKind kind = request_kind(rule.name);
      if (const std::string_view why = never(kind); !why.empty())
        out.push_back(words + " never passes: " + std::string(why));
      else if (kind != FieldKind::identity)
        out.push_back(words + " passes anyway; leave it out");
      else if (!harmless(rule.name))
        out.push_back(words +
                      " is the caller's own word now, and a server that takes it for a front server's will believe who it says "
                      "that it is; let it pass only where the server does not look at it");
    }
  }
  return out;
}

} // namespace ledgergate::route
