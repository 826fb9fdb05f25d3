// A failure as a reply: the status from the one table, Proxy-Status (RFC 9209), a body in plain words with the request id.
#include "story.h"

namespace ledgergate {
namespace {

// What the caller may do: shown under the sentence of the cause. "In doubt" is said wherever the request may have been carried out.
std::string_view advice(const CauseInfo& info, bool forwarded, bool safe) {
  if (info.side != Side::client && forwarded && !safe)
    return "The request may have been carried out: check before sending it again.\n";
  if (info.status == 503 || (info.side == Side::upstream && !forwarded))
    return "The request was not forwarded: it is safe to send it again.\n";
  return {};
}

void append_proxy_status(const Exchange& x, const CauseInfo& info, std::string& out) {
  out += "ledgergate; error=";
  out += info.proxy_error;
  out += "; details=\"";
  out += info.name;
  out += "\"; forwarded=";
  out += x.record.forwarded ? "maybe" : "no";
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
  // Connectors send a POST again by themselves on 503: never for what the server may have carried out.
  if (describe(error.cause).status == 503 && x.record.forwarded) error = {Cause::internal, describe(error.cause).text};
  const CauseInfo& info = describe(error.cause);
  x.failed = true;
  x.failure = error;
  if (x.head_sent || info.status == 0) {
    x.reply->cut();
    return;
  }
  x.last = x.last || info.status == 400;
  x.answer.clear();
  x.out.clear();
  append_proxy_status(x, info, x.out);
  x.answer.fields.push_back({"Proxy-Status", x.out});
  if (error.cause == Cause::method_not_allowed) x.answer.fields.push_back({"Allow", error.detail});
  // RFC 9110 section 15.5.2. mServer's own 401 has no challenge (vendor document 001): none is registered for STW-Authorization,
  // and Basic would make a client send Authorization, which is not read there.
  if (error.cause == Cause::credentials_missing && x.facts.server->profile != settings::Profile::mserver)
    x.answer.fields.push_back({"WWW-Authenticate", "Basic realm=\"ledgergate\", charset=\"UTF-8\""});
  const std::string wait = std::to_string(x.retry_after);
  if (info.status == 503) x.answer.fields.push_back({"Retry-After", wait});

  x.note.clear();
  x.note += info.text;
  x.note += '\n';
  if (error.cause == Cause::https_required) {
    x.note += "https://";
    x.note += x.target.host;
    if (x.facts.listener->redirect_port != 443) x.note += ":" + std::to_string(x.facts.listener->redirect_port);
    x.note += x.target.path;
    x.note += '\n';
  }
  x.note += advice(info, x.record.forwarded, http::is_safe(x.request.method));
  x.note += "Request ";
  x.note += x.request_id;
  x.note += '\n';
  answer(x, info.status, "text/plain; charset=utf-8", x.note);
}

} // namespace ledgergate
