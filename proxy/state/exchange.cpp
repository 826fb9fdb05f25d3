#include "state/exchange.h"

#include "state/compressors.h"

namespace ledgergate {

void Exchange::clear() noexcept {
  head_text.clear();
  request.clear();
  target.clear();
  answer.clear();
  upstream_target.clear();
  addresses.clear();
  out.clear();
  request_id.clear();
  client_ip_text = {};
  chunk.clear();
  gathered.clear();
  client_cert.clear();
  client_cert_chain.clear();
  note.clear();
  spool.clear();
  reply_spool.clear();
  body_coding = http::Coding::identity;
  framing = {};
  arriving.reset();
  spooled = asks_by_body = false;
  reading.reset();
  outcome.reset();
  operation.clear();
  operations.reset();
  unit.clear();
  pack_id.clear();
  body_charset.clear();
  own_fields.clear();
  server_account.clear();
  server_login = profile::LoginKind::none;
  server_guess.give_back();
  credentials = nullptr;
  retry_after = 5;
  record = {};
  facts = {};
  body = nullptr;
  reply = nullptr;
  own = nullptr;
  certificate = nullptr;
  connection_share = nullptr;
  connection_client = nullptr;
  client = nullptr;
  proven = settings::kNoProof;
  address_limited = false;
  rate_policy.clear();
  rate_left.clear();
  head_started = head_done = 0;
  server = 0;
  at_server = nullptr;
  server_keeps = io::kNever;
  reply_end = 0;
  interims = 0;
  last = own_connection = head_sent = through = logged = failed = false;
  failure = {};
}

void Exchange::forget_route() noexcept {
  static const settings::Route kNoRoute;
  static const settings::Server kNoServer;
  facts.route = &kNoRoute;
  facts.server = &kNoServer;
}

void Exchange::drop_note() noexcept {
  constexpr std::size_t kNoteKept = 16 * 1024;
  if (note.capacity() > kNoteKept)
    std::string().swap(note);
  else
    note.clear();
}

std::size_t Exchange::held() const noexcept {
  // Of libraries, measured: a reader of bodies, expat's or ours, with its names; zlib's state for one body.
  constexpr std::size_t kReader = 32 * 1024;
  constexpr std::size_t kInflater = 48 * 1024;
  std::size_t bytes = sizeof *this + spool.memory() + reply_spool.memory();
  for (const std::string* each : {&head_text, &upstream_target, &out, &chunk, &gathered, &note}) bytes += each->capacity();
  if (reading) bytes += kReader;
  if (outcome) bytes += kReader;
  if (body_coding != http::Coding::identity && !spooled) bytes += kInflater;
  if (pressed) bytes += Compressors::kEach;
  if (at_server != nullptr) bytes += at_server->held();
  return bytes;
}

void Exchange::settle() noexcept {
  spool.clear();
  reply_spool.clear();
  pressed.reset();
  server_guess.give_back();
  for (auto& share : shares) share.leave(); // account() has done it, unless the story ended without memory
  address = {};
  drop_note();
}

} // namespace ledgergate
