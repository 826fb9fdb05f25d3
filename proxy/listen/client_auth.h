// Callers' certificates at one listener, or at one server name of it: which CAs are believed, what is revoked, and what a
// certificate says.
//
// Immutable once made, shared by all workers. Everything that decides whether a certificate is believed is in policy(): it stands
// in the session-id context, so a session that was made under another policy (another name's, another CA, an older revocation list)
// is not resumed, whatever its ticket says (CVE-2025-23419 came of less).
//
// A ticket holds the caller's certificate, and so that it can be verified again, the CA certificates that came with it.
#pragma once

#include "client/peer_certificate.h"
#include "listen/certificate.h"
#include "listen/revocations.h"
#include "settings/settings.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::listen {

void free_store(X509_STORE* object);
using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE, free_store>>;

class ClientAuth {
public:
  // Null when something can't be read (`problems.errors` says what), or a list is older than what is `known`: that would
  // undo revocations. Without CAs it asks for nothing.
  static std::shared_ptr<const ClientAuth> make(const settings::CallerCertificates& rules, CertificateProblems& problems,
                                                const KnownLists& known = {});
  // The same CAs with the revocation lists read again, and no other file. Null as above.
  [[nodiscard]] std::shared_ptr<const ClientAuth> renew(const settings::CallerCertificates& rules, CertificateProblems& problems,
                                                        const KnownLists& known) const;

  // Whether callers are asked for a certificate.
  [[nodiscard]] bool asks() const noexcept { return !authorities_.empty(); }
  // Makes the context ask for a certificate and verify it. This must outlive the context's handshakes.
  [[nodiscard]] bool install(SSL_CTX* context) const; // false: out of memory
  // For the session-id context: of the same words are the same rules.
  [[nodiscard]] const std::string& policy() const noexcept { return policy_; }
  [[nodiscard]] const std::vector<X509Ptr>& authorities() const noexcept { return authorities_; }
  // For the log: each CA and revocation list, by what tells it from others.
  [[nodiscard]] const std::vector<std::string>& facts() const noexcept { return facts_; }
  [[nodiscard]] const ListMarks& lists() const noexcept { return lists_; }
  // Whether the caller's certificate is (still) believed: an open connection is asked again after the revocation list has changed.
  // X509_V_OK, or OpenSSL's reason.
  [[nodiscard]] int verify(SSL* ssl) const noexcept;
  // The same for the session of a ticket, before it is resumed.
  [[nodiscard]] int verify(SSL_SESSION* session) const noexcept;

private:
  StorePtr store_;
  std::vector<X509Ptr> authorities_;
  std::string authorities_policy_, policy_;
  std::vector<std::string> authorities_facts_, facts_;
  ListMarks lists_;
  bool required_ = false;
  int depth_ = 0;
  void read_authorities(const std::vector<std::string>& files, CertificateProblems& problems);
  std::vector<CrlPtr> read_lists(const std::string& file, CertificateProblems& problems, const KnownLists& known);
  [[nodiscard]] bool complete(const settings::CallerCertificates& rules, CertificateProblems& problems, const KnownLists& known);
  [[nodiscard]] int verify(X509* certificate, STACK_OF(X509) * chain) const noexcept;
};

// Puts the CA certificates between the caller's and a root into the session that a ticket is made of. False: no memory.
[[nodiscard]] bool keep_chain(SSL* ssl) noexcept;

// What the caller's verified certificate says; null when it showed none.
[[nodiscard]] std::shared_ptr<const client::PeerCertificate> read_peer(SSL* ssl);
// OpenSSL's words for a verify result. A literal.
[[nodiscard]] std::string_view explain_verify(long result) noexcept;

} // namespace ledgergate::listen
