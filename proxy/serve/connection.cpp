#include "serve/connection.h"

#include "http/parser.h"
#include "request/serve_request.h"
#include "request/stretch.h"
#include "serve/caller.h"

#include <chrono>
#include <memory>
#include <new>
#include <utility>

namespace ledgergate {
namespace {

// Discarded after a refusal, so that a reset does not destroy the answer (docs/invariants.md, "A refusal arrives"). More than most
// lines carry in `timeouts.linger`: the time is what bounds, and this what a caller on a fast line can cost.
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;
constexpr io::TimeMs kFirstWhileDrainingMs = 1000;
constexpr std::uint32_t kMostUnwaited = 32;

enum class Coming : std::uint8_t { yes, no, perhaps };

// Whether a head has begun to arrive. Perhaps: input has to be waited for.
Coming look_for_request(Connection& c) {
  if (!c.client->input().empty()) return Coming::yes;
  const io::Step step = c.client->fill();
  if (step == io::Step::done) return Coming::yes;
  if (step != io::Step::blocked) return Coming::no;
  if (c.services.draining() || c.gone) {
    // Idle connections end at once; one that has just come may have its request on the way.
    if (c.requests > 0) return Coming::no;
    c.wake.deadline_in(kFirstWhileDrainingMs);
  }
  c.client->want_input();
  return Coming::perhaps;
}

// Behind a wait for one: whether it may still come.
bool may_come(Connection& c, io::Events happened) {
  c.unwaited = 0;
  if ((happened & io::kExpired) != 0) return false;
  return (happened & io::kDrain) == 0 || move_to_newest(c);
}

// Collects one head and reads it into the exchange.
io::Task<Result<void>> read_head(Connection& c, Exchange& x) {
  const settings::Settings& settings = c.generation->settings();
  http::HeadScan scan;
  scan.reset({settings.limits.head, settings.limits.target, settings.limits.headers, true});
  c.wake.deadline_in(ms(settings.timeouts.head));
  for (;;) {
    const auto state = scan.advance(c.client->input());
    if (state == http::HeadScan::State::complete) break;
    if (state == http::HeadScan::State::failed) co_return scan.error();
    const io::Step step = c.client->fill();
    if (step == io::Step::done) continue;
    if (step != io::Step::blocked) co_return Error{Cause::client_gone, "inside a request head"};
    c.client->want_input();
    const auto happened = co_await c.wake.wait(io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::client_head_timeout};
  }
  x.head_text.assign(c.client->input().substr(scan.skipped(), scan.size() - scan.skipped()));
  c.client->consume(scan.size());
  co_return http::parse_request(x.head_text, x.request);
}

void set_facts(Connection& c, Exchange& x) {
  x.services = &c.services;
  x.generation = c.generation.get();
  x.wake = &c.wake;
  x.standing = &c;
  x.own = &c.own;
  x.listener = c.listener;
  x.connection = c.number;
  x.peer = c.peer;
  x.certificate = c.certificate.get();
  x.connection_share = &c.client_share;
  x.connection_client = &c.client_of_share;
  x.peer_ip_text = c.peer_ip_text;
  x.facts.listener = &c.generation->settings().listeners[c.listener];
  x.forget_route();
  x.facts.local_port = c.local_port;
  x.facts.tls = c.tls;
  x.facts.tls_version = c.tls_version;
  x.facts.tls_cipher = c.tls_cipher;
  x.facts.tls_sni = c.hello.name;
  x.rules = c.rules;
}

// While it lives the connection has this request. Whatever ends that, memory that is out included, leaves nothing behind.
class Underway {
public:
  Underway(Connection& c, Exchange& x, H1Body& body) noexcept : c_(c), x_(x), body_(body) { c_.exchange = &x; }
  ~Underway() {
    body_.settle();
    x_.settle();
    c_.exchange = nullptr;
  }
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;

private:
  Connection& c_;
  Exchange& x_;
  H1Body& body_;
};

// There was no memory to begin with what came: the least that can be said, and its line.
void turn_away(Connection& c) noexcept {
  using namespace std::chrono;
  c.client->write("HTTP/1.1 503 Service Unavailable\r\nProxy-Status: ledgergate; error=proxy_internal_error; "
                  "details=\"out_of_memory\"; forwarded=no\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  observe::AccessRecord record;
  record.unix_micros = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  record.listener = c.generation->settings().listeners[c.listener].name;
  record.client_ip = c.peer_ip_text;
  record.client_port = c.peer.port;
  record.tls_version = c.tls_version;
  record.tls_cipher = c.tls_cipher;
  record.status = 503;
  record.failure = Error{Cause::out_of_memory, "before its head was read"};
  if (c.client->flush() == io::Step::failed) c.client->reset();
  c.services.count(c.generation->tally(nullptr), record);
  c.services.log(record);
}

// One request and its reply. True: the connection may go on.
io::Task<bool> serve_one(Connection& c, Exchange& x) {
  H1Body body(*c.client);
  H1Reply reply(*c.client, x.gathered);
  x.clear();
  set_facts(c, x);
  const Underway underway(c, x, body);
  if (c.for_many) c.open.client = 0;
  x.body = &body;
  x.reply = &reply;
  x.head_started = uv_hrtime();
  ++c.requests;
  Result<void> head = Error{Cause::out_of_memory};
  try {
    head = co_await read_head(c, x);
  } catch (const std::bad_alloc&) {} // for its frame
  // A slow head may be older than the settings.
  try {
    if (!move_to_newest(c)) co_return false;
  } catch (const std::bad_alloc&) {
    head = Error{Cause::out_of_memory}; // the new ones can't be judged by
  }
  set_facts(c, x);
  const bool may_keep =
      head.ok() && !c.gone && !c.services.draining() && c.requests < c.generation->settings().limits.requests_per_connection;
  c.open.phase = OpenConnection::Phase::asking;
  if (head) body.start(x.request.body, x.request.expect_continue);
  reply.start(x, may_keep);
  const Error nowhere{Cause::no_route, "its listener is not in the settings any more"};
  try {
    if (!head)
      co_await refuse_head(x, head.error());
    else if (c.gone)
      co_await refuse_head(x, nowhere);
    else
      co_await serve_request(x);
  } catch (const std::bad_alloc&) {} // for its frame
  end_without_memory(x);
  c.client->read_at_most(kHeadRead);
  // Whatever ended it: a reply that began and is not whole must be seen as broken (RFC 9112 section 8). Where none began, an alert
  // says more than a reset, which would destroy it.
  const bool cut = reply.was_cut() || (x.head_sent && !reply.whole());
  if (cut && (x.head_sent || !c.client->broken_in_tls())) {
    c.cut = true;
    c.client->reset();
  }
  co_return reply.keeps();
}

// RFC 9112 section 9.6: close in two steps, so that what the caller is still sending does not reset away what it has not read.
io::Task<void> close_politely(Connection& c) {
  c.client->end_output();
  const io::TimeMs until = c.wake.loop().now() + ms(c.generation->settings().timeouts.linger);
  c.wake.deadline_at(until);
  for (std::size_t discarded = 0, stretch = 0; discarded < kLingerBytes;) {
    const io::Step step = c.client->fill();
    if (step == io::Step::done) {
      discarded += c.client->input().size();
      stretch += c.client->input().size();
      c.client->consume(c.client->input().size());
      if (stretch < kStretch) continue;
      stretch = 0;
      co_await c.wake.next_round();
      if (c.wake.halted() || c.wake.loop().now() >= until) co_return;
      c.wake.deadline_at(until);
      continue;
    }
    if (step != io::Step::blocked) co_return;
    c.client->want_input();
    const auto happened = co_await c.wake.wait(io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return;
  }
}

// Requests on one connection, in order. Here it idles, silently: who sends nothing gets no answer. All that is in this frame, and
// in that of the caller, is paid for by each idle connection.
io::Task<void> serve_requests(Connection& c) {
  for (;;) {
    const settings::Timeouts& timeouts = c.generation->settings().timeouts;
    c.wake.deadline_in(ms(c.requests == 0 ? timeouts.head : timeouts.idle));
    c.open.phase = c.requests == 0 ? OpenConnection::Phase::arriving : OpenConnection::Phase::idle;
    c.open.idled = c.services.next_idled();
    Coming coming = look_for_request(c);
    while (coming == Coming::perhaps) {
      const auto happened = co_await c.wake.wait(io::kClientIn | io::kDrain);
      coming = may_come(c, happened) ? look_for_request(c) : Coming::no;
    }
    if (coming == Coming::no) break;
    c.open.phase = OpenConnection::Phase::arriving;
    // Somebody who pipelines thousands of requests must let the others have the loop (and the stack be unwound).
    if (++c.unwaited >= kMostUnwaited) {
      c.unwaited = 0;
      co_await c.wake.next_round();
    }
    // One that was ended for others' sake, or by the end of a drain, serves no more of what was sent ahead.
    if (c.wake.halted() || !move_to_newest(c)) break;
    if (c.trial && c.trial->gave_way()) break;
    bool keep = false;
    try {
      const auto scratch = c.services.lease();
      keep = co_await serve_one(c, *scratch);
    } catch (const std::bad_alloc&) {
      turn_away(c);
    }
    if (!keep || c.trial) break;
    c.client->trim();
  }
}

io::Detached run(std::unique_ptr<Connection> connection) {
  Connection& c = *connection;
  const auto received = co_await receive_caller(c);
  if (received) co_await serve_requests(c);
  if (c.cut) co_return;
  // Behind a fatal alert, too: what the caller has sent and nobody reads would reset it away.
  const bool alerted = c.client->broken_in_tls();
  if (alerted) c.client->leave_tls();
  if (c.client->failed() || (!received && !alerted)) co_return;
  co_await close_politely(c);
}

} // namespace

void serve_connection(ConnectionServices& services, std::shared_ptr<const Generation> generation, std::size_t listener,
                      io::Stream::Ptr client, const Endpoint& peer, Slot slot) {
  run(std::make_unique<Connection>(services, std::move(generation), listener, std::move(client), peer, std::move(slot)));
}

} // namespace ledgergate
