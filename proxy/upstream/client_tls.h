// The TLS context with which one server is called: verification on by default, name checked, a client certificate if configured.
// Immutable once made; shared by all workers.
#pragma once

#include "settings/settings.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace ledgergate::upstream {

class ClientTls {
public:
  // Null when the CA or the client certificate can't be read; `why` says so. Null with an empty `why`: the server is plain HTTP.
  static std::shared_ptr<const ClientTls> make(const settings::Server& server, std::string& why);
  ~ClientTls();
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;

  // A new client-side SSL with SNI and the name to verify; null when out of memory. The caller owns it. When `session` is given,
  // it is offered for resumption; new sessions are put there (it must outlive the SSL).
  [[nodiscard]] SSL* open(SSL_SESSION** session) const noexcept;

private:
  ClientTls() = default;
  SSL_CTX* context_ = nullptr;
  std::string name_; // SNI and verified name, or address
  bool verify_ = true;
};

} // namespace ledgergate::upstream
