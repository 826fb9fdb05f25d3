#include "connection.h"

#include "h1.h"
#include "handshakes.h"
#include "http/parser.h"
#include "listen/client_cert.h"
#include "listen/proxy_protocol.h"
#include "listen/tls_front.h"
#include "story.h"
#include "upstream/bound.h"
#include "worker.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace ledgergate {
namespace {

// Discarded after a refusal, so that a reset does not destroy the answer (law 6a). More than most lines carry in
// `timeouts.linger`: the time is what bounds, and this what a caller on a fast line can cost.
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;
constexpr io::TimeMs kFirstWhileDrainingMs = 1000;
constexpr std::uint32_t kMostUnwaited = 32;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

struct Connection final : Standing {
  Connection(Worker& its_worker, std::shared_ptr<const Generation> its_generation, std::size_t its_listener, io::Stream::Ptr stream,
             const Endpoint& its_peer, Slot its_slot)
      : worker(its_worker), generation(std::move(its_generation)), listener(its_listener), client(std::move(stream)),
        wake(its_worker.loop()), slot(std::move(its_slot)), peer(its_peer), peer_ip_text(its_peer.ip.text()) {
    client->attach(&wake, io::kClientIn, io::kClientOut);
    const std::uint16_t configured = generation->settings().listeners[listener].address.port;
    local_port = configured != 0 ? configured : client->local_port();
    open.wake = &wake;
    worker.opened(open);
  }
  ~Connection() { worker.closed(open); }
  void append_certificate(std::string& leaf) const override { listen::append_client_cert(ssl, leaf); }
  void append_chain(std::string& chain) const override { listen::append_client_cert_chain(ssl, chain); }
  [[nodiscard]] Newest newest(const Generation* seen) const override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Worker& worker;
  std::shared_ptr<const Generation> generation;
  std::size_t listener;
  listen::Hello hello; // outlives the stream's handshake
  io::Stream::Ptr client;
  io::Wake wake;
  Slot slot;
  OpenConnection open;
  std::uint64_t number = next_number();
  Endpoint peer;
  std::string peer_ip_text;
  std::uint16_t local_port = 0;
  std::size_t rules = 0;                    // of callers' certificates: those of the server name it asked for
  std::string_view tls_version, tls_cipher; // OpenSSL's own strings
  std::uint32_t requests = 0;
  std::uint32_t unwaited = 0; // requests in a row that were there already (pipelined)
  bool tls = false;
  client::AddressTable::Hold address; // of the caller, where addresses are limited
  client::Share address_share;
  SSL* ssl = nullptr;                            // the stream's
  std::shared_ptr<const listen::TlsFront> front; // that it was opened with, and calls back; a reload changes `generation` only
  std::shared_ptr<const client::PeerCertificate> certificate;
  client::Share client_share; // of the connections that a client may have
  std::string client_of_share;
  upstream::Bound own; // server connections that are this caller's alone
  bool gone = false;   // the newest settings do not have its listener: what it asks is refused, and then it ends
  bool cut = false;
};

bool trusted(const Connection& c) {
  const auto& proxies = c.generation->settings().trusted_proxies;
  return std::any_of(proxies.begin(), proxies.end(), [&](const Cidr& each) { return each.contains(c.peer.ip); });
}

// What a trusted proxy says of its caller, before anything else on the connection.
io::Task<Result<void>> take_proxy_header(Connection& c) {
  c.wake.deadline_in(ms(c.generation->settings().timeouts.handshake));
  for (;;) {
    listen::ProxyHeader header;
    const auto read = listen::read_proxy_header(c.client->input(), header);
    if (read == listen::ProxyRead::bad) co_return Error{Cause::bad_request, "no PROXY header from a trusted proxy"};
    if (read == listen::ProxyRead::done) {
      c.client->consume(header.size);
      if (header.caller) {
        c.peer = *header.caller;
        c.peer_ip_text = c.peer.ip.text();
      }
      co_return Result<void>{};
    }
    const io::Step step = c.client->fill();
    if (step == io::Step::done) continue;
    if (step != io::Step::blocked) co_return Error{Cause::client_gone, "inside a PROXY header"};
    c.client->want_input();
    const auto happened = co_await c.wake.wait(io::kClientIn);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::client_head_timeout, "no PROXY header in time"};
  }
}

// Whether one more connection, and one more handshake, of this address is within its limits: before a byte of TLS is computed.
bool within_address_limits(Connection& c, bool tls) {
  const settings::RateLimits& limits = c.generation->settings().address_limits;
  if (limits.connections == 0 && limits.handshakes.amount == 0) return true;
  c.address = c.worker.shared().addresses.hold(c.peer.ip);
  client::Meter& meter = *c.address.meter();
  c.address_share = client::Share(meter.connections, limits.connections);
  if (!c.address_share.taken()) return false;
  return !tls || meter.handshakes.take(limits.handshakes, 1, static_cast<client::Nanos>(uv_hrtime())) == 0;
}

// One that cost nothing is not counted: a resumed session, or a caller that left before anything was computed for it (a check
// whether the port is open). It is taken at the start, since those who break off behind the costly part must pay.
void give_back_handshake(Connection& c) {
  if (client::Meter* meter = c.address.meter(); meter != nullptr)
    meter->handshakes.give_back(c.generation->settings().address_limits.handshakes, 1);
}

io::Task<Result<void>> handshake(Connection& c) {
  c.front = c.generation->snapshot->listeners[c.listener].front;
  const listen::TlsFront& front = *c.front;
  SSL* ssl = front.open(c.hello);
  if (ssl == nullptr) co_return Error{Cause::out_of_memory};
  c.client->start_tls(ssl);
  c.wake.deadline_in(ms(c.generation->settings().timeouts.handshake));
  const Handshake counted(c.worker.handshakes(), c.wake, c.generation->settings().limits.handshakes);
  for (;;) {
    const io::Step step = c.client->handshake();
    if (step == io::Step::done) break;
    if (step != io::Step::blocked) {
      if (c.client->sent() == 0) give_back_handshake(c);
      const long verified = SSL_get_verify_result(ssl);
      if (verified != X509_V_OK) co_return Error{Cause::client_tls, listen::explain_verify(verified)};
      co_return Error{Cause::client_tls, listen::explain_handshake(c.client->tls_error())};
    }
    c.client->want_input();
    const auto happened = co_await c.wake.wait(io::kClientIn);
    if ((happened & io::kExpired) == 0) continue;
    if (counted.gave_way())
      co_return Error{Cause::client_tls, "too many TLS handshakes at once (limits.handshakes): the longest gave way"};
    co_return Error{Cause::client_tls, "the TLS handshake took too long"};
  }
  // Of a resumed session it was verified again before that was taken (listen/tls_front.cpp).
  c.rules = front.rules_of(c.hello.name);
  if (front.clients(c.rules).asks()) c.certificate = listen::read_peer(ssl);
  c.ssl = ssl;
  if (SSL_session_reused(ssl) == 1) give_back_handshake(c);
  c.tls = true;
  c.tls_version = SSL_get_version(ssl);
  c.tls_cipher = SSL_get_cipher_name(ssl);
  co_return Result<void>{};
}

// Newer settings may believe this caller's certificate no longer (it is revoked, or its CA is gone), or want one that it did not
// show: then nothing more is served.
bool believes(const listen::TlsFront* front, const Connection& c) {
  if (!c.tls) return true;
  if (front == nullptr) return false;
  const listen::ClientAuth& clients = front->clients(front->rules_of(c.hello.name));
  return clients.asks() ? clients.verify(c.ssl) == X509_V_OK : c.certificate == nullptr;
}

bool still_believed(Connection& c) {
  const listen::TlsFront* front = c.generation->front(c.listener);
  if (!believes(front, c)) return false;
  if (c.tls) c.rules = front->rules_of(c.hello.name);
  return true;
}

Standing::Newest Connection::newest(const Generation* seen) const {
  Newest out;
  if (worker.newest().get() == seen) return out;
  out.generation = generation;
  out.listener = listener;
  out.open = worker.refresh(out.generation, out.listener);
  if (!out.open) {
    // Which rules there would be for its certificate can't be said: where it shows one it is not believed.
    out.generation = worker.newest();
    out.believed = certificate == nullptr;
    return out;
  }
  const listen::TlsFront* now = out.generation->front(out.listener);
  out.believed = believes(now, *this);
  if (tls && now != nullptr) out.rules = now->rules_of(hello.name);
  return out;
}

// The newest settings judge every request. False: the connection is believed no longer, and gets no answer.
bool move_to_newest(Connection& c) {
  const Generation* before = c.generation.get();
  c.gone = !c.worker.refresh(c.generation, c.listener);
  return c.gone || c.generation.get() == before || still_believed(c);
}

enum class Coming : std::uint8_t { yes, no, perhaps };

// Whether a head has begun to arrive. Perhaps: input has to be waited for.
Coming look_for_request(Connection& c) {
  if (!c.client->input().empty()) return Coming::yes;
  const io::Step step = c.client->fill();
  if (step == io::Step::done) return Coming::yes;
  if (step != io::Step::blocked) return Coming::no;
  if (c.worker.draining() || c.gone) {
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
  static const settings::Route kNoRoute;
  static const settings::Server kNoServer;
  x.worker = &c.worker;
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
  x.facts.route = &kNoRoute;
  x.facts.server = &kNoServer;
  x.facts.local_port = c.local_port;
  x.facts.tls = c.tls;
  x.facts.tls_version = c.tls_version;
  x.facts.tls_cipher = c.tls_cipher;
  x.facts.tls_sni = c.hello.name;
  x.rules = c.rules;
}

// One request and its reply. True: the connection may go on.
io::Task<bool> serve_one(Connection& c, Exchange& x) {
  H1Body body(*c.client);
  H1Reply reply(*c.client, x.gathered);
  x.clear();
  set_facts(c, x);
  x.body = &body;
  x.reply = &reply;
  x.head_started = uv_hrtime();
  ++c.requests;
  const auto head = co_await read_head(c, x);
  // A slow head may be older than the settings.
  if (!move_to_newest(c)) co_return false;
  set_facts(c, x);
  const bool may_keep =
      head.ok() && !c.gone && !c.worker.draining() && c.requests < c.generation->settings().limits.requests_per_connection;
  if (head) body.start(x.request.body, x.request.expect_continue);
  reply.start(x, may_keep);
  if (!head) {
    co_await refuse_head(x, head.error());
  } else if (c.gone) {
    const Error nowhere{Cause::no_route, "its listener is not in the settings any more"};
    co_await refuse_head(x, nowhere);
  } else {
    co_await serve_request(x);
  }
  body.settle();
  x.settle();
  // Whatever ended it: a reply that began and is not whole must be seen as broken (law 5).
  if (reply.was_cut() || (x.head_sent && !reply.whole())) {
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
    Coming coming = look_for_request(c);
    while (coming == Coming::perhaps) {
      const auto happened = co_await c.wake.wait(io::kClientIn | io::kDrain);
      coming = may_come(c, happened) ? look_for_request(c) : Coming::no;
    }
    if (coming == Coming::no) break;
    // Somebody who pipelines thousands of requests must let the others have the loop (and the stack be unwound).
    if (++c.unwaited >= kMostUnwaited) {
      c.unwaited = 0;
      co_await c.wake.next_round();
    }
    if (!move_to_newest(c)) break;
    const auto scratch = c.worker.lease();
    const auto keep = co_await serve_one(c, *scratch);
    if (!keep) break;
    c.client->trim();
  }
}

// What comes before requests. False: it is over.
io::Task<bool> receive_caller(Connection& c) {
  const settings::Listener& listener = c.generation->settings().listeners[c.listener];
  const Endpoint peer = c.peer;
  const bool by_proxy = trusted(c);
  if (by_proxy && listener.proxy_protocol) {
    const auto told = co_await take_proxy_header(c);
    if (!told) {
      c.worker.log_handshake_failure(c.peer, listener, told.error());
      co_return false;
    }
  }
  const listen::TlsFront* front = c.generation->front(c.listener);
  // A proxy that speaks HTTP for many is not one address; its requests are limited by what it says of its callers.
  if ((!by_proxy || c.peer != peer) && !within_address_limits(c, front != nullptr)) {
    c.worker.log_handshake_failure(c.peer, listener, {Cause::rate_limited, "connections or handshakes of this address"});
    co_return false;
  }
  if (front == nullptr) co_return true;
  const auto secured = co_await handshake(c);
  if (!secured) c.worker.log_handshake_failure(c.peer, listener, secured.error());
  co_return secured.ok();
}

io::Detached run(std::unique_ptr<Connection> connection) {
  Connection& c = *connection;
  const auto received = co_await receive_caller(c);
  if (!received) co_return;
  co_await serve_requests(c);
  if (c.cut || c.client->failed()) co_return;
  co_await close_politely(c);
}

} // namespace

void serve_connection(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t listener, io::Stream::Ptr client,
                      const Endpoint& peer, Slot slot) {
  run(std::make_unique<Connection>(worker, std::move(generation), listener, std::move(client), peer, std::move(slot)));
}

} // namespace ledgergate
