// How long one request goes on without a wait.
#pragma once

#include <cstddef>

namespace ledgergate {

// Bytes that it may move out of a spool, which never makes it wait, before the others have the loop.
inline constexpr std::size_t kStretch = 1024 * 1024;

} // namespace ledgergate
