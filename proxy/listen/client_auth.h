// Callers' certificates at one listener: which CAs are believed, what is revoked, and what a certificate says.
//
// Immutable once made, shared by all workers. Everything that decides whether a certificate is believed is in policy(): it stands
// in the session-id context, so a session that was made under another policy (another CA, an older revocation list) is not resumed,
// whatever its ticket says (CVE-2025-23419 came of less).
#pragma once

#include "client/peer_certificate.h"
#include "listen/certificate.h"
#include "settings/settings.h"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::listen {

void free_store(X509_STORE* object);
using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE, free_store>>;

class ClientAuth {
public:
  // Null when the listener asks for no certificates, or when something can't be read (`problems.errors` says what).
  static std::shared_ptr<const ClientAuth> make(const settings::Listener& listener, CertificateProblems& problems);

  // Makes the context ask for a certificate and verify it.
  void install(SSL_CTX* context) const;
  // For the session-id context.
  [[nodiscard]] const std::string& policy() const noexcept { return policy_; }
  // For the log: each CA and revocation list, by what tells it from others.
  [[nodiscard]] const std::vector<std::string>& facts() const noexcept { return facts_; }
  // Whether the caller's certificate is (still) believed: a resumed session is checked again, and an open connection after the
  // revocation list has changed. X509_V_OK, or OpenSSL's reason.
  [[nodiscard]] int verify(SSL* ssl) const noexcept;

private:
  StorePtr store_;
  std::vector<X509Ptr> authorities_;
  std::string policy_;
  std::vector<std::string> facts_;
  bool required_ = false;
  int depth_ = 0;
};

// What the caller's verified certificate says; null when it showed none.
[[nodiscard]] std::shared_ptr<const client::PeerCertificate> read_peer(SSL* ssl);
// OpenSSL's words for a verify result. A literal.
[[nodiscard]] std::string_view explain_verify(long result) noexcept;

} // namespace ledgergate::listen
