// Whether a reply, by its head, is one that this caller may get.
#include "observe/log_ring.h"
#include "profile/endpoints.h"
#include "story.h"
#include "worker.h"

namespace ledgergate {

Result<void> check_reply(Exchange& x) {
  // RFC 9110 section 15.5.2 would have the caller send another password. It knows none: the edge's own was wrong, so this is the
  // edge's failure (502), and nobody must be asked for a password of POHODA. What a user may not do (403) is the caller's to hear.
  if (x.answer.status == 401 && x.credentials != nullptr) {
    if (x.credentials->should_tell(static_cast<std::int64_t>(uv_hrtime() / 1'000'000)))
      observe::event(settings::LogLevel::error, "server " + x.facts.server->name +
                                                    " does not accept the user and password in `credentials` (401): was the "
                                                    "password changed? All its callers get 502 until it is right");
    return Error{Cause::server_refused_edge};
  }
  return {};
}

} // namespace ledgergate
