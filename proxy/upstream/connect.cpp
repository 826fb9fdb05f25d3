#include "upstream/connect.h"

#include "upstream/unasked.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

namespace ledgergate::upstream {
namespace {

using io::Step;
using io::Stream;

// What one read of a TLS server brings (bytes): a caller who takes nothing leaves the edge with its plaintext, and with the record
// that is cut off at its end.
constexpr std::size_t kTlsRead = 30 * 1024;

Error explain(int status) {
  switch (status) {
  case UV_ECONNREFUSED: return {Cause::connect_refused};
  case UV_EHOSTUNREACH:
  case UV_ENETUNREACH: return {Cause::connect_unreachable};
  case UV_ETIMEDOUT: return {Cause::connect_timeout};
  case UV_EMFILE:
  case UV_ENFILE: return {Cause::no_capacity, "no file descriptor for a connection to the server"};
  case UV_ENOMEM: return {Cause::out_of_memory};
  default: return {Cause::connect_failed};
  }
}

io::Task<Result<Stream::Ptr>> connect_to(io::Wake& wake, Endpoint address) {
  Stream::Ptr stream = Stream::connect(wake.loop(), address);
  stream->attach(&wake, io::kServerIn, io::kServerOut);
  while (stream->connecting()) {
    const auto happened = co_await wake.wait(io::kServerOut);
    if ((happened & io::kExpired) != 0) co_return Error{Cause::connect_timeout};
  }
  if (stream->failed()) co_return explain(stream->failure());
  co_return std::move(stream);
}

constexpr io::TimeMs kRoomPatienceMs = 1000;
constexpr io::TimeMs kFirstPauseMs = 10;

// Nothing but the deadline, or the end of a drain, ends it.
io::Task<void> pause(io::Wake& wake, io::TimeMs span) {
  const io::TimeMs before = wake.deadline();
  wake.deadline_in(span);
  co_await wake.wait(0);
  wake.deadline_at(before);
}

// Out of descriptors, what idles in a pool is worth less than this request. Where nothing idles, others may just be done with
// theirs, or have taken what was given up: it is tried again for a second, less and less often.
io::Task<Result<Stream::Ptr>> connect_at_any_cost(io::Wake& wake, Relief* relief, Endpoint address) {
  const io::TimeMs end = std::min(wake.deadline(), wake.loop().now() + kRoomPatienceMs);
  for (io::TimeMs wait = 0;; wait = std::max(2 * wait, kFirstPauseMs)) {
    auto connected = co_await connect_to(wake, address);
    const bool full = !connected && connected.error().cause == Cause::no_capacity;
    if (!full || relief == nullptr || wake.halted() || wake.loop().now() + wait >= end) co_return std::move(connected);
    if (wait != 0) co_await pause(wake, wait);
    if (!relief->close_idle()) co_await relief->others_close_idle(wake);
  }
}

io::Task<Result<void>> handshake(io::Wake& wake, Stream& stream) {
  for (;;) {
    const Step step = stream.handshake();
    if (step == Step::done) co_return Result<void>{};
    if (step == Step::blocked) {
      stream.want_input();
      const auto happened = co_await wake.wait(io::kServerIn);
      if ((happened & io::kExpired) != 0) co_return Error{Cause::connect_timeout, "TLS handshake"};
      continue;
    }
    const long verdict = SSL_get_verify_result(stream.tls());
    if (verdict != X509_V_OK && SSL_get_verify_mode(stream.tls()) != SSL_VERIFY_NONE)
      co_return Error{Cause::upstream_certificate, X509_verify_cert_error_string(verdict)};
    co_return Error{Cause::upstream_tls, refused_certificate(stream)};
  }
}

} // namespace

io::Task<Result<Stream::Ptr>> connect_within(io::Wake& wake, Resolver& resolver, Pool& pool, io::TimeMs patience) {
  const settings::Server& server = pool.server();
  const io::TimeMs deadline = wake.loop().now() + patience;
  wake.deadline_at(deadline);
  const auto addresses = co_await resolver.resolve(wake, server.host, static_cast<io::TimeMs>(server.resolve_every.count()));
  if (!addresses) co_return addresses.error();
  const io::TimeMs rest = deadline - std::min(deadline, wake.loop().now());
  co_return co_await connect_to_one_of(wake, *addresses, pool, rest);
}

io::Task<Result<Stream::Ptr>> connect_to_one_of(io::Wake& wake, const Addresses& addresses, Pool& pool, io::TimeMs patience) {
  const settings::Server& server = pool.server();
  const io::TimeMs deadline = wake.loop().now() + patience;
  Error last{Cause::connect_failed};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // What is left of the time is shared among the addresses that are left.
    const io::TimeMs now = wake.loop().now();
    if (now >= deadline) co_return Error{Cause::connect_timeout};
    wake.deadline_at(now + (deadline - now) / (addresses.size() - i));
    const Endpoint address{addresses[i], server.port};
    auto connected = co_await connect_at_any_cost(wake, pool.relief(), address);
    if (!connected) {
      last = connected.error();
      continue;
    }
    Stream::Ptr stream = std::move(*connected);
    if (pool.tls() != nullptr) {
      wake.deadline_at(deadline);
      SSL* ssl = pool.tls()->open(pool.session());
      if (ssl == nullptr) co_return Error{Cause::out_of_memory};
      stream->read_at_most(kTlsRead);
      stream->start_tls(ssl);
      const auto secured = co_await handshake(wake, *stream);
      if (!secured) co_return secured.error();
      if (!pool.tls()->has_right_name(stream->tls()))
        co_return Error{Cause::upstream_certificate, X509_verify_cert_error_string(X509_V_ERR_HOSTNAME_MISMATCH)};
    }
    const auto silent = silent_so_far(*stream);
    if (!silent) {
      last = silent.error();
      continue;
    }
    co_return std::move(stream);
  }
  co_return last;
}

io::Task<Result<Stream::Ptr>> connect(io::Wake& wake, Resolver& resolver, Pool& pool) {
  return connect_within(wake, resolver, pool, static_cast<io::TimeMs>(pool.server().timeouts.connect.count()));
}

} // namespace ledgergate::upstream
