// Which versions, ciphers and groups of TLS callers get: the edge's own choice, as far as the system's openssl.cnf allows it.
#pragma once

#include <openssl/types.h>

namespace ledgergate::listen {

// On a new context. False: there is no memory for it, and what stands there is weaker.
[[nodiscard]] bool apply_tls_policy(SSL_CTX* context);
// The least version of the context that was made last. Any thread.
[[nodiscard]] int least_tls_version() noexcept;

} // namespace ledgergate::listen
