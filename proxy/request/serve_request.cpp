#include "request/serve_request.h"

#include "request/admin.h"
#include "request/admit.h"
#include "request/decide.h"
#include "request/flush_reply.h"
#include "request/forward.h"
#include "request/inspect_request.h"
#include "request/limits.h"
#include "request/local.h"
#include "request/refuse.h"
#include "request/server_login.h"
#include "request/take_body.h"
#include "request/trace.h"

#include "client/forwarded.h"
#include "client/proof_words.h"
#include "profile/secret_parameters.h"
#include "state/request_id.h"
#include "state/services.h"

#include <algorithm>
#include <chrono>
#include <new>

namespace ledgergate {
namespace {

// A trusted proxy's own id goes on, so that one request has one name; anything that is not plainly an id does not.
std::string_view said_request_id(const http::RequestHead& request) {
  for (const auto& field : request.fields) {
    if (!http::iequals(field.name, "X-Request-ID")) continue;
    const bool plain = std::all_of(field.value.begin(), field.value.end(), [](unsigned char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    });
    return plain && field.value.size() <= 128 ? field.value : std::string_view{};
  }
  return {};
}

// What every reply and every log line need: when, and the peer.
void begin_record(Exchange& x) noexcept {
  using namespace std::chrono;
  x.head_done = uv_hrtime();
  x.record.unix_micros = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  x.record.head_micros = x.head_started == 0 ? -1 : static_cast<std::int64_t>((x.head_done - x.head_started) / 1000);
  x.client_ip_text = x.facts.client_ip_text = x.peer_ip_text;
  x.facts.client_ip = x.peer.ip;
  x.facts.client_port = x.peer.port;
  x.facts.request = &x.request;
  x.facts.target = &x.target;
}

// Who calls, under which id.
void begin(Exchange& x) {
  begin_record(x);
  const auto& trusted = x.generation->settings().trusted_proxies;
  const auto caller = client::real_caller(x.peer.ip, x.peer.port, trusted, x.request.fields);
  if (caller.ip != x.peer.ip) {
    x.other_ip_text = caller.ip.text();
    x.client_ip_text = x.other_ip_text;
  }
  const std::string_view said_id = caller.peer_trusted ? said_request_id(x.request) : std::string_view{};
  if (said_id.empty())
    make_request_id(x.request_id);
  else
    x.request_id = said_id;
  x.facts.client_ip = caller.ip;
  x.facts.client_port = caller.port;
  x.facts.peer_trusted = caller.peer_trusted;
  if (caller.peer_trusted) {
    x.facts.peer_ip_text = x.peer_ip_text;
    x.facts.said_scheme = caller.scheme;
    x.facts.said_host = caller.host;
    x.facts.said_port = caller.host_port;
  }
  x.facts.client_ip_text = x.client_ip_text;
  x.facts.request_id = x.request_id;
}

observe::Outcome as_logged(inspect::State state) {
  switch (state) {
  case inspect::State::ok: return observe::Outcome::ok;
  case inspect::State::warning: return observe::Outcome::warning;
  case inspect::State::error: return observe::Outcome::error;
  case inspect::State::unknown: break;
  }
  return observe::Outcome::unknown;
}

void log(Exchange& x) {
  observe::AccessRecord& record = x.record;
  record.request_id = x.request_id;
  record.listener = x.facts.listener->name;
  record.client_ip = x.client_ip_text;
  record.client_port = x.facts.client_port;
  record.client_name = x.facts.client_name;
  record.proof = client::proof_words(x.proven);
  record.tls_version = x.facts.tls_version;
  record.tls_cipher = x.facts.tls_cipher;
  record.tls_sni = x.facts.tls_sni;
  record.method = x.request.method_text;
  record.host = x.target.host;
  record.path = x.target.path;
  record.query = x.target.query;
  record.has_query = x.target.has_query;
  record.secret_names =
      x.facts.server->name.empty() ? profile::all_secret_parameters() : profile::secret_parameters(x.facts.server->profile);
  record.http_version = x.request.minor == 0 ? "1.0" : "1.1";
  record.route = x.facts.route->name;
  record.server = x.facts.server->name;
  record.total_micros = static_cast<std::int64_t>((uv_hrtime() - x.head_done) / 1000);
  record.operation = x.operation;
  record.unit = x.unit;
  if (x.outcome) {
    if (!x.failed) x.outcome->finish();
    const inspect::Outcome& outcome = x.outcome->outcome();
    record.outcome = as_logged(outcome.state);
    record.items_ok = outcome.ok;
    record.items_warning = outcome.warning;
    record.items_error = outcome.error;
    record.items_partial = outcome.partial;
  }
  if (x.failed) record.failure = x.failure;
  x.logged = true;
  trace_end(x);
  account(x);
  x.services->count(x.generation->tally(x.facts.route), record);
  x.services->log(record);
}

// Whatever a story was waiting for when it was ended for others' sake: that is not what it failed of.
Error as_it_was(const Exchange& x, const Error& error) {
  const std::string_view shed = x.standing->shed();
  return shed.empty() ? error : Error{Cause::no_capacity, shed};
}

io::Task<void> finish(Exchange& x, Result<void> outcome) {
  if (!outcome) refuse(x, as_it_was(x, outcome.error()));
  x.through = true;
  const auto flushed = co_await flush_reply(x);
  if (!flushed && !x.failed) {
    x.failed = true;
    x.failure = as_it_was(x, flushed.error());
    x.reply->cut();
  }
  log(x);
}

// What the sink still has goes out. False: not all of it did at once.
bool hand_over(Exchange& x) noexcept {
  try {
    return x.reply->flush() == io::Step::done;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

} // namespace

void end_without_memory(Exchange& x) noexcept {
  if (x.logged) return;
  if (x.head_done == 0) begin_record(x);
  const Error why = x.failed ? x.failure : as_it_was(x, {Cause::out_of_memory});
  x.last = true;
  if (!x.through) {
    try {
      refuse(x, why);
    } catch (const std::bad_alloc&) {
      x.reply->cut();
    }
  }
  if (!hand_over(x)) {
    x.failed = true;
    x.failure = why;
    x.reply->cut();
  }
  log(x);
}

io::Task<void> serve_request(Exchange& x) {
  begin(x);
  trace_head(x);
  const Result<Way> way = decide(x);
  Result<void> outcome;
  if (!way) {
    outcome = way.error();
  } else if (*way == Way::redirect) {
    outcome = answer_redirect(x);
  } else if (*way == Way::challenge) {
    outcome = answer_challenge(x);
  } else if (*way == Way::admin) {
    outcome = answer_admin(x);
  } else {
    trace_route(x);
    if (!admits_all(x)) outcome = co_await admit(x);
    if (outcome) trace_client(x);
    if (outcome) outcome = check_request(x);
    if (outcome && !login_waits_for_body(x) && brings_server_login(x)) outcome = co_await check_server_login(x);
    if (outcome) outcome = prepare_inspection(x);
    if (outcome && spools_request(x)) outcome = co_await take_body(x);
    if (outcome) outcome = inspect_request(x);
    if (outcome && login_waits_for_body(x) && brings_server_login(x)) outcome = co_await check_server_login(x);
    if (outcome) outcome = co_await forward(x);
  }
  co_return co_await finish(x, outcome);
}

io::Task<void> refuse_head(Exchange& x, Error error) {
  begin(x);
  const Result<void> outcome = error;
  co_return co_await finish(x, outcome);
}

} // namespace ledgergate
