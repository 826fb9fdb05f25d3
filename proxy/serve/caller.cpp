#include "serve/caller.h"

#include "client/in_force.h"
#include "listen/proxy_protocol.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::uint32_t kTrials = 128; // at once, over all workers and addresses

bool trusts(const settings::Settings& settings, const IpAddress& peer) {
  const auto& proxies = settings.trusted_proxies;
  return std::any_of(proxies.begin(), proxies.end(), [&](const Cidr& each) { return each.contains(peer); });
}

bool trusted(const Connection& c) { return trusts(c.generation->settings(), c.peer.ip); }

// The caller's address was told by a proxy, whose word counts no longer.
bool told_by_nobody(const Connection& c, const settings::Settings& settings, std::size_t listener) {
  return c.proxy && !(settings.listeners[listener].proxy_protocol && trusts(settings, *c.proxy));
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
        c.proxy = c.peer.ip;
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
  const auto kind = c.generation->settings().listeners[c.listener].kind;
  if (kind == settings::ListenerKind::admin) return true; // the administrator is no stranger
  c.address = c.services.shared().addresses.hold(c.peer.ip);
  client::Meter& meter = *c.address.meter();
  c.address_share = client::Share(meter.connections, limits.connections);
  if (!c.address_share.taken()) {
    // Behind one address there may be tills beside those who fill its bound: who can prove to be a client may do so.
    if (c.generation->settings().clients.empty() || kind == settings::ListenerKind::redirect) return false;
    c.trial = std::make_unique<Handshake>(c.services.trials(), c.wake, kTrials);
  }
  return !tls || meter.handshakes.take(limits.handshakes, 1, static_cast<client::Nanos>(uv_hrtime())) == 0;
}

// One that cost nothing is not counted: a resumed session, or a caller that left before anything was computed for it (a check
// whether the port is open). It is taken at the start, since those who break off behind the costly part must pay.
void give_back_handshake(Connection& c) {
  if (client::Meter* meter = c.address.meter(); meter != nullptr)
    meter->handshakes.give_back(c.generation->settings().address_limits.handshakes, 1);
}

// A certificate is proof enough before a word was said.
void recognise(Connection& c) {
  if (!c.certificate) return;
  const Snapshot& snapshot = *c.generation->snapshot;
  const auto named = snapshot.directory->by_certificate(*c.certificate);
  if (named && client::in_force(snapshot.settings->clients[*named])) c.proven(snapshot.settings->clients[*named]);
}

io::Task<Result<void>> handshake(Connection& c) {
  c.front = c.generation->snapshot->listeners[c.listener].front;
  const listen::TlsFront& front = *c.front;
  SSL* ssl = front.open(c.hello);
  if (ssl == nullptr) co_return Error{Cause::out_of_memory};
  c.client->start_tls(ssl);
  c.wake.deadline_in(ms(c.generation->settings().timeouts.handshake));
  const Handshake counted(c.services.handshakes(), c.wake, c.generation->settings().limits.handshakes);
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
    if (!c.open.shed.empty()) co_return Error{Cause::no_capacity, c.open.shed};
    if (counted.gave_way())
      co_return Error{Cause::client_tls, "too many TLS handshakes at once (limits.handshakes): the longest gave way"};
    co_return Error{Cause::client_tls, "the TLS handshake took too long"};
  }
  // Of a resumed session it was verified again before that was taken (listen/tls_front.cpp).
  c.rules = front.rules_of(c.hello.name);
  if (front.clients(c.rules).asks()) c.certificate = listen::read_peer(ssl);
  recognise(c);
  c.ssl = ssl;
  if (SSL_session_reused(ssl) == 1) give_back_handshake(c);
  c.tls = true;
  c.tls_version = SSL_get_version(ssl);
  c.tls_cipher = SSL_get_cipher_name(ssl);
  co_return Result<void>{};
}

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

} // namespace

std::uint64_t Connection::next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Standing::Newest Connection::newest(const Generation* seen) const {
  Newest out;
  if (services.newest().get() == seen) return out;
  out.generation = generation;
  out.listener = listener;
  out.open = services.refresh(out.generation, out.listener);
  if (!out.open) {
    // Which rules there would be for its certificate can't be said: where it shows one it is not believed.
    out.generation = services.newest();
    out.believed = certificate == nullptr;
    return out;
  }
  const listen::TlsFront* now = out.generation->front(out.listener);
  out.believed = believes(now, *this) && !told_by_nobody(*this, out.generation->settings(), out.listener);
  if (tls && now != nullptr) out.rules = now->rules_of(hello.name);
  return out;
}

bool move_to_newest(Connection& c) {
  const Generation* before = c.generation.get();
  c.gone = !c.services.refresh(c.generation, c.listener);
  if (!c.gone && c.generation.get() != before && told_by_nobody(c, c.generation->settings(), c.listener)) return false;
  return c.gone || c.generation.get() == before || still_believed(c);
}

void Connection::proven(const settings::Client& its_client) noexcept {
  open.client = std::hash<std::string_view>()(its_client.name) | 1U;
  address_share.leave(); // what it may have open is its own from here on
  trial.reset();
}

std::size_t Connection::bytes() const noexcept {
  constexpr std::size_t kFrames = 4 * 1024; // of its coroutines
  return sizeof *this + kFrames + client->held() + (exchange != nullptr ? exchange->held() : 0);
}

io::Task<bool> receive_caller(Connection& c) {
  const settings::Listener& listener = c.generation->settings().listeners[c.listener];
  const Endpoint peer = c.peer;
  const bool by_proxy = trusted(c);
  if (by_proxy && listener.proxy_protocol) {
    const auto told = co_await take_proxy_header(c);
    if (!told) {
      c.services.log_handshake_failure(c.peer, listener, told.error());
      co_return false;
    }
  }
  const listen::TlsFront* front = c.generation->front(c.listener);
  // A proxy that speaks HTTP for many is not one address; its requests are limited by what it says of its callers.
  c.for_many = by_proxy && c.peer == peer;
  c.open.spared = c.open.spared || c.for_many;
  if (!c.for_many && !within_address_limits(c, front != nullptr)) {
    c.services.log_handshake_failure(c.peer, listener, {Cause::rate_limited, "connections or handshakes of this address"});
    co_return false;
  }
  if (front == nullptr) co_return true;
  const auto secured = co_await handshake(c);
  if (!secured) c.services.log_handshake_failure(c.peer, listener, secured.error());
  co_return secured.ok();
}

} // namespace ledgergate
