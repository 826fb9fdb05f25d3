// Whether a reply, by its head, is one that this caller may get.
#include "observe/log_ring.h"
#include "profile/reply_type.h"
#include "story.h"
#include "worker.h"

namespace ledgergate {

Result<void> check_reply(Exchange& x) {
  // RFC 9110 section 15.5.2 would have the caller send another password. It knows none: the edge's own was wrong, so this is the
  // edge's failure (502), and nobody must be asked for a password of POHODA. What a user may not do (403) is the caller's to hear.
  if (x.answer.status == 401 && x.credentials != nullptr) {
    if (x.credentials->should_tell(static_cast<std::int64_t>(uv_hrtime() / 1'000'000)))
      observe::event(settings::LogLevel::error,
                     "server " + x.facts.server->name + " does not accept the user and password of `credentials` on the route " +
                         x.facts.route->name + " (401): was the password changed? Callers get 502 until it is right");
    return Error{Cause::server_refused_edge};
  }
  const std::string_view wrong = profile::wrong_type(x.facts.server->profile, x.answer);
  if (!wrong.empty()) return Error{Cause::reply_wrong_type, wrong};
  return {};
}

} // namespace ledgergate
