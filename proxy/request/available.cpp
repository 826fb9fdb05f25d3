// Whether a server may be asked at all: its opening hours, and what is known of its health. Nothing is tried where the answer is
// no.
#include "request/available.h"

#include "state/services.h"
#include "upstream/hours.h"

#include <ctime>

namespace ledgergate {

Result<void> available(Exchange& x) {
  const settings::Server& server = *x.facts.server;
  if (!server.hours.empty()) {
    const std::int64_t wait = upstream::seconds_until_open(server.hours, std::time(nullptr));
    if (wait > 0) {
      x.retry_after = static_cast<std::uint32_t>(wait); // a week at most
      return Error{Cause::server_closed};
    }
  }
  const upstream::Health& health = *x.generation->snapshot->health[x.server];
  if (!health.unavailable()) return {};
  x.retry_after = health.retry_after();
  return health.refusal();
}

} // namespace ledgergate
