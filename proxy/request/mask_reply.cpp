#include "request/mask_reply.h"

#include "http/coding.h"
#include "http/inflate.h"
#include "profile/endpoints.h"
#include "request/reply_spool.h"
#include "request/send_reply.h"
#include "route/route.h"
#include "state/generation.h"

#include <string>
#include <utility>

namespace ledgergate {

// /status of mServer prints a LAN name: the small reply is held, and the name replaced.
bool masks_reply(const Exchange& x) {
  if (!x.facts.route->mask_server_name || x.facts.server->profile != settings::Profile::mserver) return false;
  std::string scratch;
  return profile::is_status(x.facts.server->profile, route::server_path(*x.facts.route, x.target, scratch));
}

bool holds_for_change(const Exchange& x) { return x.answer.body.kind != http::BodyKind::none && masks_reply(x); }

namespace {

std::string public_name(const Exchange& x) {
  if (!x.facts.route->public_url.empty()) return x.facts.route->public_url;
  std::string url = x.facts.tls ? "https://" : "http://";
  url += x.target.host;
  if (x.target.port != 0 && x.target.port != (x.facts.tls ? 443 : 80)) url += ":" + std::to_string(x.target.port);
  return url;
}

// It was asked for without a coding, but not every server listens to that.
Result<void> decode_note(Exchange& x) {
  const auto coding = http::content_coding(x.answer.fields);
  if (!coding) return Error{Cause::reply_unparsable, "a status in a content coding that is not known here"};
  if (*coding == http::Coding::identity || x.note.empty()) return {};
  constexpr Error damaged{Cause::reply_unparsable, "a status that can't be decompressed"};
  http::Inflater inflater;
  http::Inflater::Bounds bounds;
  bounds.size = kMaxHeld;
  const auto begun = inflater.start(*coding, bounds);
  if (!begun) return begun;
  std::string plain(kMaxHeld + 1, '\0');
  std::size_t made = 0;
  for (std::string_view rest = x.note;;) {
    const auto step = inflater.next(rest, plain.data() + made, plain.size() - made);
    if (step.state == http::Inflater::State::more) break;
    rest.remove_prefix(step.consumed);
    made += step.made;
    if (step.state == http::Inflater::State::failed || made > kMaxHeld) return damaged;
    if (!inflater.ended() || rest.empty() || *coding != http::Coding::gzip) continue;
    const auto further = inflater.start(*coding, bounds); // RFC 1952 section 2.2: members follow each other
    if (!further) return further;
  }
  if (!inflater.finish()) return damaged;
  plain.resize(made);
  x.note = std::move(plain);
  std::erase_if(x.answer.fields, [](const http::Field& field) { return http::speaks_of_coded_bytes(field.name); });
  return {};
}

} // namespace

// What was held goes out, changed if it holds a name.
Result<void> release_held(Exchange& x, bool change) {
  if (change) {
    const auto plain = decode_note(x);
    if (!plain) return plain;
    if (!profile::can_name_server(x.note)) return Error{Cause::reply_unparsable, "a status that is no text"};
  }
  std::string changed;
  const bool replaced = change && profile::replace_server_name(x.note, public_name(x), changed);
  const auto sent = send_whole(x, replaced ? changed : x.note);
  x.drop_note();
  return sent;
}

io::Task<Result<void>> give_held(Exchange& x, bool change) {
  const auto sent = release_held(x, change);
  if (!sent) co_return sent.error();
  const auto given = co_await give_spooled(x);
  if (!given) co_return given.error();
  x.reply->end();
  co_return Result<void>{};
}

} // namespace ledgergate
