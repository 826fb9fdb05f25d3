// A failure as a reply: the status from the one table, Proxy-Status (RFC 9209), and the body that the caller's program parses, in
// its language, with the request id (profile/native_error.h).
#include "request/refuse.h"

#include "profile/native_error.h"
#include "request/identify.h"
#include "route/reason.h"
#include "route/route.h"
#include "route/text.h"
#include "state/services.h"

#include <chrono>

namespace ledgergate {
namespace {

constexpr std::size_t kPassedOver = 64 * 1024;

void append_proxy_status(const Exchange& x, const CauseInfo& info, std::string& out) {
  out += "ledgergate; error=";
  out += info.proxy_error;
  out += "; details=\"";
  out += info.name;
  out += "\"; forwarded=";
  out += x.record.forwarded ? "maybe" : "no";
}

// How long was waited for what did not come, in whole seconds; 0 where nothing was, or less than one.
std::uint64_t waited(const Exchange& x, Cause cause) {
  const auto of = [](settings::Millis time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
  };
  switch (cause) {
  case Cause::client_head_timeout: return of(x.generation->settings().timeouts.head);
  case Cause::dns_timeout:
  case Cause::connect_timeout: return of(x.facts.server->timeouts.connect);
  case Cause::upstream_write_timeout: return of(x.facts.server->timeouts.send);
  case Cause::reply_timeout: return of(x.facts.server->timeouts.reply);
  case Cause::reply_stalled: return of(x.facts.server->timeouts.stall);
  default: return 0;
  }
}

// What has come of a body that nobody will read is passed over, and with it all of a small one: then the connection can go on, and
// a caller that sends again behind a 401 or 502 pays for no other TLS handshake.
void pass_over_body(Exchange& x) {
  std::string_view bytes;
  for (std::size_t passed = 0; passed < kPassedOver && !x.body->complete(); passed += bytes.size()) {
    if (x.body->pull(bytes) != io::Step::done) return;
  }
}

std::string https_address(const Exchange& x) {
  std::string address = "https://";
  address += x.target.host;
  if (x.facts.listener->redirect_port != 443) address += ":" + std::to_string(x.facts.listener->redirect_port);
  route::append_uri(x.target.path, address);
  return address;
}

// A caller that loses a kept connection without a byte of answer may send the same again by itself (RFC 9112 section 9.3.1), so
// a reply that broke before any of it left becomes a word and no cut.
bool may_still_answer(Exchange& x) {
  if (!x.head_sent) return true;
  if (!x.reply->take_back()) return false;
  // A compressor that was taken stands before the caller only when the head is behind it.
  if (x.pressed && x.reply == x.pressed.get()) x.reply = &x.pressed->behind();
  x.pressed.reset();
  x.head_sent = false;
  return true;
}

} // namespace

void answer(Exchange& x, std::uint16_t status, std::string_view content_type, std::string_view body) {
  x.answer.status = status;
  x.answer.reason = {};
  x.answer.fields.push_back({"Content-Type", content_type});
  x.answer.fields.push_back({"Cache-Control", "no-store"});
  x.record.status = status;
  x.head_sent = true;
  const bool bodyless = x.request.method == http::Method::head;
  if (bodyless) {
    x.reply->head(x.answer, http::BodyKind::none, 0);
  } else {
    x.reply->head(x.answer, http::BodyKind::length, body.size());
    x.reply->body(body);
  }
  x.reply->end();
}

void refuse(Exchange& x, Error error) {
  x.failed = true;
  x.failure = error;
  if (describe(error.cause).status == 0 || !may_still_answer(x)) {
    x.reply->cut();
    return;
  }
  // Connectors send a POST again by themselves on 503: never for what the server may have carried out.
  if (describe(error.cause).status == 503 && x.record.forwarded) x.failure = error = {Cause::internal, describe(error.cause).text};
  const CauseInfo& info = describe(error.cause);
  x.last = x.last || info.status == 400;
  if (!x.last) pass_over_body(x);
  x.answer.clear();
  x.out.clear();
  append_proxy_status(x, info, x.out);
  x.answer.fields.push_back({"Proxy-Status", x.out});
  if (error.cause == Cause::method_not_allowed) x.answer.fields.push_back({"Allow", error.detail});
  // RFC 9110 section 15.5.2. mServer's own 401 has no challenge (docs/vendors.md, mServer): none is registered for
  // STW-Authorization, and Basic would make a client send Authorization, which is not read there.
  if (error.cause == Cause::credentials_missing && x.facts.server->profile != settings::Profile::mserver)
    x.answer.fields.push_back({"WWW-Authenticate", "Basic realm=\"ledgergate\", charset=\"UTF-8\""});
  if (error.cause == Cause::login_required || error.cause == Cause::login_failed)
    x.answer.fields.push_back({"WWW-Authenticate", challenges_basic(x) ? "Basic realm=\"ledgergate\", charset=\"UTF-8\""
                                                                       : "Edge-Key realm=\"ledgergate\""});
  // RFC 9110 section 15.5.16: what would do.
  if (error.cause == Cause::unsupported_coding) x.answer.fields.push_back({"Accept-Encoding", "gzip, deflate"});
  const std::string wait = std::to_string(x.retry_after);
  if (info.status == 503 || info.status == 429) x.answer.fields.push_back({"Retry-After", wait});

  profile::Failure failure{error.cause, x.record.forwarded, waited(x, error.cause), route::standard_reason(info.status),
                           {},          x.request_id};
  std::string address;
  if (error.cause == Cause::https_required) address = https_address(x);
  failure.address = address;
  // While no route is known, facts.server is of profile http and facts.route of the default language.
  const settings::Profile profile = x.facts.server->profile;
  std::string scratch;
  profile::Reader reader{profile, x.facts.route->language, &x.request, {}, x.pack_id, {}, {}, x.body_charset};
  if (profile == settings::Profile::onec) reader.path = route::server_path(*x.facts.route, x.target, scratch);
  if (profile == settings::Profile::mserver) reader.ico = x.unit;
  if (profile == settings::Profile::apicomprem) reader.command = std::string_view(x.operation).substr(0, x.operation.find(','));
  x.note.clear();
  const profile::ErrorBody body = profile::append_error_body(failure, reader, x.note);
  // No Vary: nothing stores this (Cache-Control below), so nothing could give it to somebody else.
  x.answer.fields.push_back({"Content-Language", body.language});
  answer(x, info.status, body.content_type, x.note);
}

} // namespace ledgergate
