// The TLS side of one listener: its contexts, chosen by SNI before anything of a session is believed.
//
// Immutable once made; shared by all workers and by the connections that were opened with it (a reload makes a new one).
#pragma once

#include "listen/certificate.h"
#include "listen/client_auth.h"
#include "listen/ticket_keys.h"
#include "settings/settings.h"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::listen {

void free_ssl_ctx(SSL_CTX* object);
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX, free_ssl_ctx>>;

class TlsFront {
public:
  // Null when a certificate can't be served; `problems` says why.
  static std::shared_ptr<const TlsFront> make(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems);

  // A new server-side SSL, or null when out of memory. The caller owns it.
  [[nodiscard]] SSL* open() const noexcept;
  // The context for a server name (lower case): exact, then wildcard, then the first certificate's.
  [[nodiscard]] SSL_CTX* find(std::string_view name) const noexcept;

  // For the log: each certificate that is shown or believed, and each revocation list.
  [[nodiscard]] const std::vector<std::string>& facts() const noexcept { return facts_; }
  // Null: callers are asked for no certificate.
  [[nodiscard]] const ClientAuth* clients() const noexcept { return clients_.get(); }

private:
  std::shared_ptr<const ClientAuth> clients_;
  std::vector<std::string> facts_;
  std::vector<SslCtxPtr> contexts_;                        // the first is the default
  std::vector<std::pair<std::string, std::size_t>> names_; // sorted; "*.example.cz" as ".example.cz"
  static int on_client_hello(SSL* ssl, int* alert, void* self);
};

// What a failed handshake means, in words for the log. `error` is OpenSSL's code; 0: the peer went away.
[[nodiscard]] std::string_view explain_handshake(unsigned long error) noexcept;

} // namespace ledgergate::listen
