// Keep-Alive (RFC 2068 section 19.7.1.1, as Apache and IIS write it): how long the sender keeps a connection on which nothing is
// asked. Pure.
#pragma once

#include "http/head.h"

#include <chrono>
#include <optional>
#include <vector>

namespace ledgergate::http {

// By all its lines together, the shortest; no time at all where it takes no further request (`max=0`), or names a
// time that can't be read. Nothing: it does not say.
[[nodiscard]] std::optional<std::chrono::seconds> kept_alive_for(const std::vector<Field>& fields) noexcept;

} // namespace ledgergate::http
