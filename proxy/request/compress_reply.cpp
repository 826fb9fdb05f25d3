#include "request/compress_reply.h"

#include "request/reply_spool.h"
#include "route/encoding.h"
#include "state/compressors.h"
#include "state/services.h"

#include <optional>

namespace ledgergate {

namespace {

using route::Encoding;

// A reply of unknown length needs a reader of chunks (docs/invariants.md, "What the client could decode before"); a short one is
// held and gets its length. None while memory is short: it is what a compressor takes much of.
CompressorLease lease(Exchange& x, http::Coding coding) {
  if (coding == http::Coding::identity || x.services->shared().short_of_memory.load(std::memory_order_relaxed)) return {};
  return x.services->compressors().lease(coding, x.facts.route->compress.level);
}

bool held_whole(std::optional<std::uint64_t> length) { return length && *length <= kHeldWhole; }

void tell(Exchange& x, http::Coding coding, http::BodyKind kind, std::uint64_t length) {
  route::tell_encoding(x.answer, coding, x.told, x.weak_etag);
  x.reply->head(x.told, kind, length);
}

// HEAD and 304: what GET would say (RFC 9110 section 9.3.2), but for the length that only compressing tells.
void tell_without_body(Exchange& x) {
  const auto length = route::named_length(x.answer);
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, length);
  if (!encoding.possible) return x.reply->head(x.answer, http::BodyKind::none, 0);
  const bool can = x.answer.status == 304 || held_whole(length) || http::knows_chunked(x.request);
  tell(x, can ? encoding.coding : http::Coding::identity, http::BodyKind::none, 0);
}

} // namespace

bool compresses_held(const Exchange& x, std::uint64_t length) {
  if (!x.facts.route->compress.enabled || !held_whole(length)) return false;
  return route::choose_encoding(x.facts, x.answer, length).coding != http::Coding::identity;
}

void send_encoded_head(Exchange& x, http::BodyKind kind, std::uint64_t length) {
  if (kind == http::BodyKind::none) return tell_without_body(x);
  const auto known = kind == http::BodyKind::length ? std::optional(length) : std::nullopt;
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, known);
  if (!encoding.possible) return x.reply->head(x.answer, kind, length);
  if (http::knows_chunked(x.request)) x.pressed = lease(x, encoding.coding);
  if (!x.pressed) return tell(x, http::Coding::identity, kind, length);
  tell(x, encoding.coding, http::BodyKind::chunked, 0);
  x.pressed->before(*x.reply);
  x.reply = x.pressed.get();
}

Result<void> send_encoded(Exchange& x, std::string_view body) {
  const Encoding encoding = route::choose_encoding(x.facts, x.answer, body.size());
  const CompressorLease compressor = lease(x, encoding.coding);
  const auto shorter = compressor ? compressor->whole(body) : std::nullopt;
  if (shorter) body = *shorter;
  const auto aside = set_aside(x, body);
  if (!aside) return aside.error();
  x.record.status = x.answer.status;
  x.head_sent = true;
  if (encoding.possible)
    tell(x, shorter ? encoding.coding : http::Coding::identity, http::BodyKind::length, body.size());
  else
    x.reply->head(x.answer, http::BodyKind::length, body.size());
  if (!*aside) x.reply->body(body);
  return {};
}

} // namespace ledgergate
