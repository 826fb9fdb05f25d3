// The TLS side of one listener: its contexts, chosen by SNI before anything of a session is believed. What is asked of callers'
// certificates may differ from name to name; a session is good under the rules that it was made under, and no others.
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

// What a caller's ClientHello said.
struct Hello {
  std::string name; // the server name it asks for, lower case; empty: none
  bool seen = false;
};

// A certificate of the front, for who compares it with what is published.
struct ShownCertificate {
  std::string file;                          // of its chain
  std::vector<std::string> names, addresses; // in it: DNS names, lower case ("*.example.cz" kept); addresses
};

class TlsFront;

// Which revocation lists are in use: by the file they came from, and by the listener and server name that they count for; and the
// newest of all that ever were.
class ListsInUse {
public:
  explicit ListsInUse(ListMarks newest = {}) : newest_(std::move(newest)) {}
  void add(const settings::Listener& listener, const TlsFront& front);
  // What a list for this name ("": the listener's own) of this listener is compared with.
  [[nodiscard]] KnownLists before(const settings::Listener& listener, std::string_view name,
                                  const settings::CallerCertificates& rules) const;
  [[nodiscard]] const ListMarks& newest() const noexcept { return newest_; }

private:
  std::vector<std::pair<std::string, ListMarks>> places_;
  ListMarks newest_;
};

class TlsFront {
public:
  // Null when a certificate can't be served, or a revocation list is older than one that was `in_use`; `problems` says why. Where
  // all that is wrong is that pairs do not exist (`problems.missing`), it goes on with those of `now`, if that is not null.
  static std::shared_ptr<const TlsFront> make(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems,
                                              const ListsInUse& in_use = ListsInUse(), const TlsFront* now = nullptr);
  // This one with the revocation lists that have changed, and nothing else read: no other file may hold up a revocation, or come
  // into use by one. A list that can't be used stays as it was (`problems.errors` says why). Null when none has changed.
  [[nodiscard]] std::shared_ptr<const TlsFront> renew(const settings::Listener& listener, TicketKeys& keys,
                                                      CertificateProblems& problems, const ListsInUse& in_use) const;

  // A new server-side SSL, or null when out of memory. The caller owns it; `hello` is filled in by the handshake and must outlive
  // that.
  [[nodiscard]] SSL* open(Hello& hello) const noexcept;
  // The context for a server name (lower case): its certificate (exact, then wildcard, then the first), under its rules.
  [[nodiscard]] SSL_CTX* find(std::string_view name) const noexcept;

  // For the log: each certificate that is shown or believed, and each revocation list.
  [[nodiscard]] const std::vector<std::string>& facts() const noexcept { return facts_; }
  // In the order of the settings.
  [[nodiscard]] const std::vector<ShownCertificate>& shown() const noexcept { return shown_; }
  // Which rules for callers' certificates a server name has (exact, then wildcard, then the listener's): names that have the same
  // ones have the same number.
  [[nodiscard]] std::size_t rules_of(std::string_view name) const noexcept;
  // Those that stand in the settings under this name ("": the listener's own), which must be there.
  [[nodiscard]] const std::shared_ptr<const ClientAuth>& rules_named(std::string_view name) const noexcept;
  // What these rules are.
  [[nodiscard]] const ClientAuth& clients(std::size_t rules) const noexcept { return *rules_[rules]; }

private:
  using Names = std::vector<std::pair<std::string, std::size_t>>; // sorted; "*.example.cz" as ".example.cz"
  std::vector<std::shared_ptr<const ClientAuth>> rules_;          // the first is the listener's
  std::shared_ptr<const std::vector<Certificate>> read_;          // as in the settings that they were read by
  std::vector<std::string> facts_;
  std::vector<ShownCertificate> shown_;
  std::vector<SslCtxPtr> contexts_; // as many as in read_ for each of rules_; the first is the default
  Names certificate_names_, rule_names_;

  [[nodiscard]] static std::size_t look_up(const Names& names, std::string_view name) noexcept;
  std::size_t take_rules(std::shared_ptr<const ClientAuth> rules);
  void read_rules(const settings::Listener& listener, CertificateProblems& problems, const ListsInUse& in_use);
  [[nodiscard]] std::shared_ptr<const std::vector<Certificate>> read_certificates(const settings::Listener& listener,
                                                                                  CertificateProblems& problems) const;
  [[nodiscard]] bool complete(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems);
  static int on_client_hello(SSL* ssl, int* alert, void* self);
};

// What a failed handshake means, in words for the log. `error` is OpenSSL's code; 0: the peer went away.
[[nodiscard]] std::string_view explain_handshake(unsigned long error) noexcept;

} // namespace ledgergate::listen
