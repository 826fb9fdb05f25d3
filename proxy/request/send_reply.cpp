#include "request/send_reply.h"

#include "request/compress_reply.h"
#include "request/reply_spool.h"

namespace ledgergate {

void send_head(Exchange& x, http::BodyKind kind, std::uint64_t length) {
  x.record.status = x.answer.status;
  x.head_sent = true;
  if (x.facts.route->compress.enabled)
    send_encoded_head(x, kind, length);
  else
    x.reply->head(x.answer, kind, length);
}

Result<void> send_whole(Exchange& x, std::string_view body) {
  if (x.facts.route->compress.enabled) return send_encoded(x, body);
  const auto aside = set_aside(x, body);
  if (!aside) return aside.error();
  x.record.status = x.answer.status;
  x.head_sent = true;
  x.reply->head(x.answer, http::BodyKind::length, body.size());
  if (!*aside) x.reply->body(body);
  return {};
}

} // namespace ledgergate
