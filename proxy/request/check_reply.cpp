// Whether a reply, by its head, is one that this caller may get.
#include "request/check_reply.h"

#include "http/coding.h"
#include "observe/log_ring.h"
#include "profile/reply_type.h"
#include "request/server_login.h"
#include "state/services.h"

namespace ledgergate {

namespace {

// POHODA's own exchanges with a shop (eshop) say it in every reply (docs/vendors.md, Shops).
bool tells_outcome(const Exchange& x) {
  return x.answer.body.kind != http::BodyKind::none && (x.asks_by_body || x.facts.server->profile == settings::Profile::eshop);
}

std::string_view content_type(const http::ReplyHead& reply) {
  for (const auto& field : reply.fields)
    if (http::iequals(field.name, "Content-Type")) return field.value;
  return {};
}

} // namespace

void hear_outcome(Exchange& x, std::string_view bytes) {
  if (x.outcome) x.outcome->feed(bytes);
}

Result<void> check_reply(Exchange& x) {
  note_server_login(x);
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
  if (tells_outcome(x))
    x.outcome = std::make_unique<inspect::OutcomeReader>(x.facts.server->profile, content_type(x.answer),
                                                         http::content_coding(x.answer.fields));
  return {};
}

} // namespace ledgergate
