// The TLS context with which one server is called: verification on by default, name checked, a client certificate if configured.
// Immutable once made; shared by all workers.
#pragma once

#include "io/stream.h"
#include "settings/settings.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace ledgergate::upstream {

// The newest TLS session with one server, which the next connection offers. The pool has a share of it, and so has every connection
// that was opened with it: a server may send a ticket at any time (RFC 8446 section 4.6.1), also when the pool is gone.
// Of one loop's thread; the last share may end on another thread once that loop has ended.
class KeptSession {
public:
  KeptSession() = default;
  ~KeptSession() { SSL_SESSION_free(session_); }
  KeptSession(const KeptSession&) = delete;
  KeptSession& operator=(const KeptSession&) = delete;
  // Null: none yet.
  [[nodiscard]] SSL_SESSION* get() const noexcept { return session_; }
  // Takes it over.
  void put(SSL_SESSION* session) noexcept {
    SSL_SESSION_free(session_);
    session_ = session;
  }

private:
  SSL_SESSION* session_ = nullptr;
};

class ClientTls {
public:
  // Null when the CA or the client certificate can't be read; `why` says so. Null with an empty `why`: the server is plain HTTP.
  // `warning`: the client certificate can be shown, but the server will hardly take it (any more).
  static std::shared_ptr<const ClientTls> make(const settings::Server& server, std::string& why, std::string& warning);
  ~ClientTls();
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;

  // A new client-side SSL with SNI and the name to verify; null when out of memory. The caller owns it. The session that is kept is
  // offered for resumption, and new ones are put there: the SSL has a share of it until its end. It needs nothing else of ours: it
  // may outlive this context and the pool.
  [[nodiscard]] SSL* open(const std::shared_ptr<KeptSession>& kept) const noexcept;
  // Behind the handshake: whether the certificate is one for the name, where that matters. OpenSSL 3.0 has looked already, but
  // passes over the name when it has no memory to copy it into its verification (ssl_verify_cert_chain does not look whether
  // X509_VERIFY_PARAM_set1() succeeds).
  [[nodiscard]] bool has_right_name(const SSL* ssl) const noexcept;

private:
  ClientTls() = default;
  SSL_CTX* context_ = nullptr;
  std::string name_; // SNI and verified name, or address
  bool verify_ = true;
};

// What the server said when it refused the certificate that we showed, or showed none; "" when it was not that. TLS 1.3 tells it
// behind the handshake, when the request may be on its way already: such a request was not read, as a server looks at nothing
// before it has verified its client (RFC 8446 sections 4.4.2.4 and 6.2).
[[nodiscard]] std::string_view refused_certificate(const io::Stream& server) noexcept;

// Whether the server has asked for another handshake, since this was last asked, in the middle of a connection of TLS 1.2, and was
// refused that: mostly one that wants a client certificate for this path alone. In TLS 1.3 it asks behind the handshake, and gets
// it.
[[nodiscard]] bool asked_to_renegotiate(const io::Stream& server) noexcept;

} // namespace ledgergate::upstream
