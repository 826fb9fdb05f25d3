// The route of a request, in every reading that a server could give its path (docs/paths.md).
//
// "/ADMIN", "//admin", "/admin;x" lie under the open route "/" as they are spelled, and many a server reads them as "/admin", which
// has a lock of its own. So a request is taken where all readings of its path lead to the same rules, and refused where they don't.
// Which rules are the same is worked out once, when the settings are loaded; a host with one kind of rules pays nothing.
#pragma once

#include "base/result.h"
#include "http/path_readings.h"
#include "http/target.h"
#include "settings/settings.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::route {

// What choose() must know of each route, by its index in the settings. Made with a snapshot and as immutable.
struct Prefixes {
  std::vector<http::FoldedPrefix> folded;
  std::vector<std::uint32_t> rules; // equal numbers: whoever comes by the one is treated like who comes by the other
  std::vector<bool> contested;      // callers of the route's host may meet other rules, too
};
[[nodiscard]] Prefixes make_prefixes(const settings::Settings& settings);

// Routes that some servers can't tell apart, and whose rules differ: in words, for the administrator.
[[nodiscard]] std::vector<std::string> indistinct(const settings::Settings& settings, const Prefixes& prefixes);

// Routes whose path nobody may ask for, since it is 400 in every spelling: in words, for the administrator.
[[nodiscard]] std::vector<std::string> unreachable(const settings::Settings& settings);

// Null: nothing is published there. Error bad_target: the path could also be read as lying under a route of other rules, or outside
// all that is published. May throw std::bad_alloc while the thread's scratch still grows. `host` as in find().
[[nodiscard]] Result<const settings::Route*> choose(const settings::Settings& settings, const Prefixes& prefixes,
                                                    std::size_t listener, std::string_view host, const http::Target& target);

} // namespace ledgergate::route
