// How closely a route names what a caller asks for: what find() and choose() compare.
#pragma once

#include "route/prefix.h"
#include "settings/settings.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::route {

// Of the host; compared before the path.
enum class HostFit : std::uint8_t { none, any, wildcard, exact };

struct Fit {
  HostFit host = HostFit::none;
  std::size_t host_length = 0; // of two wildcards the longer is the closer
  std::size_t path_length = 0;
  auto operator<=>(const Fit&) const = default;
};

// Without regard to the caller's path: how close the route is to a caller under its prefix. HostFit::none: not its host, or not its
// listener.
[[nodiscard]] Fit fit(const settings::Route& route, std::size_t listener, std::string_view host) noexcept;

// An mserver's paths are read loosely: its vendor's pages write /xml and /XML, and its clients write //xml and /xml/.
[[nodiscard]] inline Spelling spelling_of(const settings::Server& server) noexcept {
  return server.profile == settings::Profile::mserver ? Spelling::loose : Spelling::exact;
}

} // namespace ledgergate::route
