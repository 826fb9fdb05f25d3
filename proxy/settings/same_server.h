// Names of one server: `servers` whose URLs lead to one host and port. A server of bounded concurrency can't tell by which of its
// names a request came, so what bounds it belongs to the place, and where the names differ the stricter word holds.
#pragma once

#include "settings/settings.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

// Host and port in one spelling: lower case, no dot at the end, an IPv4-mapped address as IPv4. What means this machine itself
// (localhost, 127.0.0.1, [::1], and 0.0.0.0 or [::], where Linux connects to it) is one place: a server that listens on both
// families is the rule. With http and with https it is one place, too: one port has one listener.
[[nodiscard]] std::string place_of(std::string_view host, std::uint16_t port);

// All names of one place as one server: the strictest bounds, all units. `names` is not empty.
[[nodiscard]] Server as_one(const std::vector<const Server*>& names);

} // namespace ledgergate::settings
