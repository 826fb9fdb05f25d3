#include "listen/tls_front.h"

#include "listen/facts.h"
#include "listen/tls_policy.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <new>

namespace ledgergate::listen {
namespace {

constexpr long kSessionSeconds = 8L * 3600;
// Of all certificates that a caller sends, in bytes. They go into its ticket, which it sends in one ClientHello.
constexpr long kMostOfACaller = 24L * 1024;

// ALPN (RFC 7301): HTTP/1.1 is all that is spoken here; a caller that offers only other protocols is told so by the alert.
int select_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered, unsigned int size,
                    void*) {
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  static constexpr std::array<unsigned char, 9> kHttp10 = {8, 'h', 't', 't', 'p', '/', '1', '.', '0'};
  for (const auto& wanted : {kHttp11, kHttp10}) {
    for (unsigned int at = 0; at < size; at += 1u + offered[at]) {
      if (size - at < wanted.size() || std::memcmp(offered + at, wanted.data(), wanted.size()) != 0) continue;
      *out = offered + at + 1;
      *length = 8;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL calls this for each ticket that is made.
int on_ticket_made(SSL* ssl, void*) { return keep_chain(ssl) ? 1 : 0; }

// For each ticket that is shown. A certificate that is believed no longer is no way in: the handshake that follows asks for a new
// one, and tells the caller by its alert.
SSL_TICKET_RETURN on_ticket_shown(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t, SSL_TICKET_STATUS status,
                                  void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  const auto* clients = static_cast<const ClientAuth*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (clients->asks() && clients->verify(session) != X509_V_OK) return SSL_TICKET_RETURN_IGNORE_RENEW;
  // RFC 8446 appendix C.4: a client should use a ticket once, and those that do need a fresh one each time.
  const bool once = SSL_version(ssl) >= TLS1_3_VERSION;
  return status == SSL_TICKET_SUCCESS && !once ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

SslCtxPtr new_context(const settings::Listener& listener, const ClientAuth& clients, TicketKeys& keys) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return {};
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_options(ctx,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!apply_tls_policy(ctx)) return {};
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); // tickets only: nothing to share but their keys
  SSL_CTX_set_timeout(ctx, kSessionSeconds);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_max_early_data(ctx, 0);
  SSL_CTX_set_alpn_select_cb(ctx, select_protocol, nullptr);
  SSL_CTX_set_max_cert_list(ctx, kMostOfACaller);
  if (!keys.install(ctx) || !clients.install(ctx)) return {};
  SSL_CTX_set_session_ticket_cb(ctx, on_ticket_made, on_ticket_shown, nullptr);
  // A session is good on the listener it was made on, and nowhere else; and under the rules it was made under.
  std::string made_of = listener.name;
  made_of.append(1, '\0').append(clients.policy());
  std::array<unsigned char, 32> policy{};
  unsigned int size = 0;
  if (EVP_Digest(made_of.data(), made_of.size(), policy.data(), &size, EVP_sha256(), nullptr) != 1 ||
      SSL_CTX_set_session_id_context(ctx, policy.data(), size) != 1)
    return {};
  return context;
}

bool use(SSL_CTX* context, const Certificate& certificate) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  bool whole = chain != nullptr;
  for (std::size_t i = 1; whole && i < certificate.chain.size(); ++i) whole = sk_X509_push(chain, certificate.chain[i].get()) > 0;
  const bool good =
      whole && SSL_CTX_use_cert_and_key(context, certificate.chain.front().get(), certificate.key.get(), chain, 1) == 1;
  sk_X509_free(chain);
  return good;
}

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  std::string text = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return text;
}

bool share_a_name(const Certificate& a, const Certificate& b) {
  return std::any_of(a.names.begin(), a.names.end(),
                     [&](const std::string& name) { return std::find(b.names.begin(), b.names.end(), name) != b.names.end(); });
}

// Whether a certificate is for that server name, or for one of those that a wildcard stands for.
bool is_for(const Certificate& certificate, const std::string& name) {
  const auto fits = [](const std::string& wildcard, const std::string& each) {
    const auto dot = each.find('.');
    return wildcard.starts_with("*.") && dot != std::string::npos && wildcard.compare(1, std::string::npos, each, dot) == 0;
  };
  return std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](const std::string& own) { return own == name || fits(own, name) || fits(name, own); });
}

// The host_name of the server_name extension (RFC 6066 section 3), lower case, in `out`; empty when absent or odd. Allocates
// nothing: OpenSSL calls this.
std::string_view server_name(SSL* ssl, std::array<char, 255>& out) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  if (size < 5 || data[2] != TLSEXT_NAMETYPE_host_name) return {};
  std::size_t length = static_cast<std::size_t>(data[3]) << 8 | data[4];
  if (length != size - 5 || length > out.size()) return {};
  std::transform(data + 5, data + size, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // It should come without a trailing dot, and some callers send the host of their URL as it is; Host is read alike
  // (http/target.cpp).
  if (length > 1 && out[length - 1] == '.') --length;
  return {out.data(), length};
}

// "*.example.cz" as ".example.cz", for look_up().
std::string name_key(std::string_view name) { return std::string(name.starts_with("*.") ? name.substr(1) : name); }

// No file's path: it has a NUL.
std::string place_of(const settings::Listener& listener, std::string_view name) {
  std::string out = listener.name;
  return out.append(1, '\0').append(name);
}

} // namespace

void free_ssl_ctx(SSL_CTX* object) { SSL_CTX_free(object); }

void ListsInUse::add(const settings::Listener& listener, const TlsFront& front) {
  const auto add_one = [&](std::string_view name, const settings::CallerCertificates& rules) {
    if (rules.crl.empty()) return;
    const ListMarks& lists = front.rules_named(name)->lists();
    places_.emplace_back(rules.crl, lists);
    places_.emplace_back(place_of(listener, name), lists);
    keep_newest(newest_, lists);
  };
  add_one("", listener.callers);
  for (const auto& [name, rules] : listener.names) add_one(name, rules);
}

KnownLists ListsInUse::before(const settings::Listener& listener, std::string_view name,
                              const settings::CallerCertificates& rules) const {
  KnownLists out{newest_, {}};
  for (const auto& [place, lists] : places_)
    if (place == rules.crl || place == place_of(listener, name)) out.in_use.insert(out.in_use.end(), lists.begin(), lists.end());
  return out;
}

// Of the same words are the same rules.
std::size_t TlsFront::take_rules(std::shared_ptr<const ClientAuth> rules) {
  const auto same = std::find_if(rules_.begin(), rules_.end(), [&](const auto& each) { return each->policy() == rules->policy(); });
  const auto at = static_cast<std::size_t>(same - rules_.begin());
  if (same == rules_.end()) rules_.push_back(std::move(rules));
  return at;
}

void TlsFront::read_rules(const settings::Listener& listener, CertificateProblems& problems, const ListsInUse& in_use) {
  const auto number = [&](std::string_view name, const settings::CallerCertificates& wanted) {
    auto made = ClientAuth::make(wanted, problems, in_use.before(listener, name, wanted));
    return made ? take_rules(std::move(made)) : std::size_t{0};
  };
  number("", listener.callers);
  for (const auto& [name, wanted] : listener.names) rule_names_.emplace_back(name_key(name), number(name, wanted));
  std::sort(rule_names_.begin(), rule_names_.end());
}

// Null with errors: of what is wrong, or, when nothing else is, of pairs that do not exist (`problems.missing`).
std::shared_ptr<const std::vector<Certificate>> TlsFront::read_certificates(const settings::Listener& listener,
                                                                            CertificateProblems& problems) const {
  const std::size_t before = problems.errors.size();
  std::vector<X509*> known;
  for (const auto& clients : rules_)
    for (const X509Ptr& each : clients->authorities()) known.push_back(each.get());
  auto certificates = std::make_shared<std::vector<Certificate>>();
  std::vector<std::string> absent;
  for (const auto& files : listener.certificates) {
    CertificateProblems own;
    certificates->push_back(read_certificate(files, own, known));
    auto& errors = own.missing ? absent : problems.errors;
    errors.insert(errors.end(), own.errors.begin(), own.errors.end());
    problems.warnings.insert(problems.warnings.end(), own.warnings.begin(), own.warnings.end());
  }
  problems.missing = problems.errors.size() == before && !absent.empty();
  problems.errors.insert(problems.errors.end(), absent.begin(), absent.end());
  return problems.errors.size() == before ? certificates : nullptr;
}

std::shared_ptr<const TlsFront> TlsFront::make(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems,
                                               const ListsInUse& in_use, const TlsFront* now) {
  auto front = std::make_shared<TlsFront>();
  const std::size_t before = problems.errors.size();
  front->read_rules(listener, problems, in_use);
  if (problems.errors.size() != before) { // the pairs' mistakes are told beside, and none is waited for
    static_cast<void>(front->read_certificates(listener, problems));
    problems.missing = false;
    return nullptr;
  }
  front->read_ = front->read_certificates(listener, problems);
  if (front->read_ == nullptr && problems.missing && now != nullptr) front->read_ = now->read_;
  if (front->read_ == nullptr) return nullptr;
  for (const auto& [name, rules] : listener.names)
    if (std::none_of(front->read_->begin(), front->read_->end(), [&named = name](const auto& each) { return is_for(each, named); }))
      problems.warnings.push_back("names: no certificate of this listener is for " + name + " (is it spelled right?)");
  return front->complete(listener, keys, problems) ? front : nullptr;
}

std::shared_ptr<const TlsFront> TlsFront::renew(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems,
                                                const ListsInUse& in_use) const {
  auto front = std::make_shared<TlsFront>();
  bool changed = false;
  const auto number = [&](std::string_view name, const settings::CallerCertificates& wanted) {
    std::shared_ptr<const ClientAuth> rules = rules_named(name);
    auto made = wanted.crl.empty() ? nullptr : rules->renew(wanted, problems, in_use.before(listener, name, wanted));
    if (made && made->policy() != rules->policy()) {
      rules = std::move(made);
      changed = true;
    }
    return front->take_rules(std::move(rules));
  };
  number("", listener.callers);
  for (const auto& [name, wanted] : listener.names) front->rule_names_.emplace_back(name_key(name), number(name, wanted));
  std::sort(front->rule_names_.begin(), front->rule_names_.end());
  front->read_ = read_;
  return changed && front->complete(listener, keys, problems) ? front : nullptr;
}

// All but what is read from files, which is there.
bool TlsFront::complete(const settings::Listener& listener, TicketKeys& keys, CertificateProblems& problems) {
  const std::vector<Certificate>& certificates = *read_;
  for (const Certificate& each : certificates) shown_.push_back({each.file, each.names, each.addresses});
  for (const Certificate& each : certificates) facts_.push_back("certificate " + certificate_facts(each.chain.front().get()));
  for (const auto& clients : rules_)
    for (const std::string& fact : clients->facts())
      if (std::find(facts_.begin(), facts_.end(), fact) == facts_.end()) facts_.push_back(fact);
  for (const auto& clients : rules_) {
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      SslCtxPtr context = new_context(listener, *clients, keys);
      if (!context || !use(context.get(), certificates[i])) {
        problems.errors.push_back(certificates[i].file + ": OpenSSL refuses this certificate: " + openssl_reason());
        return false;
      }
      // The same name with another kind of key: an ECDSA and RSA pair, offered together.
      std::vector<int> types{certificates[i].type};
      for (const Certificate& other : certificates) {
        if (std::find(types.begin(), types.end(), other.type) != types.end() || !share_a_name(certificates[i], other)) continue;
        if (use(context.get(), other))
          types.push_back(other.type);
        else
          ERR_clear_error();
      }
      SSL_CTX_set_client_hello_cb(context.get(), on_client_hello, this);
      contexts_.push_back(std::move(context));
    }
  }
  for (std::size_t i = 0; i < certificates.size(); ++i)
    for (const std::string& name : certificates[i].names) certificate_names_.emplace_back(name_key(name), i);
  // The first certificate with a name has it: a stable sort keeps the file's order.
  std::stable_sort(certificate_names_.begin(), certificate_names_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return true;
}

SSL* TlsFront::open(Hello& hello) const noexcept {
  SSL* ssl = SSL_new(contexts_.front().get());
  if (ssl == nullptr) return nullptr;
  if (SSL_set_app_data(ssl, &hello) != 1) { // OpenSSL makes room for it
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  return ssl;
}

std::size_t TlsFront::look_up(const Names& names, std::string_view name) noexcept {
  const auto look = [&](std::string_view key) {
    const auto found = std::lower_bound(names.begin(), names.end(), key,
                                        [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    return found != names.end() && found->first == key ? found : names.end();
  };
  // A name that begins with a dot is none, and would be taken for a wildcard's entry.
  if (names.empty() || name.empty() || name.front() == '.') return 0;
  auto found = look(name);
  if (const auto dot = name.find('.'); found == names.end() && dot != std::string_view::npos) found = look(name.substr(dot));
  return found != names.end() ? found->second : 0;
}

std::size_t TlsFront::rules_of(std::string_view name) const noexcept { return look_up(rule_names_, name); }

const std::shared_ptr<const ClientAuth>& TlsFront::rules_named(std::string_view name) const noexcept {
  const std::string_view key = name.starts_with("*.") ? name.substr(1) : name;
  const auto found = std::find_if(rule_names_.begin(), rule_names_.end(), [&](const auto& each) { return each.first == key; });
  return rules_[name.empty() || found == rule_names_.end() ? 0 : found->second];
}

SSL_CTX* TlsFront::find(std::string_view name) const noexcept {
  return contexts_[rules_of(name) * read_->size() + look_up(certificate_names_, name)].get();
}

// Before the session is looked up: OpenSSL would otherwise open tickets under the first context's policy (CVE-2025-23419).
int TlsFront::on_client_hello(SSL* ssl, int* alert, void* self) {
  const auto* front = static_cast<const TlsFront*>(self);
  auto* hello = static_cast<Hello*>(SSL_get_app_data(ssl));
  std::array<char, 255> buffer;
  const std::string_view name = server_name(ssl, buffer);
  if (hello->seen) { // behind a HelloRetryRequest, which asks for the same once more (RFC 8446 section 4.1.2)
    if (hello->name == name) return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    return SSL_CLIENT_HELLO_ERROR;
  }
  try {
    hello->name = name;
  } catch (const std::bad_alloc&) { // must not fly through OpenSSL
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  hello->seen = true;
  SSL_CTX* wanted = front->find(name);
  if (wanted == front->contexts_.front().get()) return SSL_CLIENT_HELLO_SUCCESS;
  // The certificate, the session-id context, the CAs and their store go with the context; these two stay with the SSL.
  SSL_set_SSL_CTX(ssl, wanted);
  SSL_set_verify(ssl, SSL_CTX_get_verify_mode(wanted), nullptr);
  SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(wanted));
  return SSL_CLIENT_HELLO_SUCCESS;
}

std::string_view explain_handshake(unsigned long error) noexcept {
  if (error == 0) return "the caller went away during the TLS handshake";
  switch (ERR_GET_REASON(error)) {
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_VERSION_TOO_LOW:
    if (least_tls_version() >= TLS1_3_VERSION)
      return "the caller offers no TLS 1.3, and the system's openssl.cnf allows nothing older (MinProtocol, or no cipher of 1.2)";
    return "the caller offers no TLS version from 1.2 on (Windows 7 and Server 2008 R2 need TLS 1.2 switched on)";
  case SSL_R_NO_SHARED_CIPHER:
    return "no shared cipher: the caller offers none with forward secrecy and AEAD (an old Schannel needs an ECDSA certificate or "
           "DHE-GCM)";
  case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return "no shared signature algorithm for the certificate";
  case SSL_R_NO_APPLICATION_PROTOCOL: return "the caller wants a protocol other than HTTP/1.1 (ALPN)";
  case SSL_R_HTTP_REQUEST:
  case SSL_R_HTTPS_PROXY_REQUEST: return "plain HTTP on the TLS port";
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_BAD_PROTOCOL_VERSION_NUMBER: return "the caller does not speak TLS";
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
  case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: return "the caller does not trust our certificate";
  case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "the caller says our certificate has expired";
  case SSL_R_EXCESSIVE_MESSAGE_SIZE: return "the caller's certificates are larger than 24 KiB together";
  case SSL_R_UNEXPECTED_EOF_WHILE_READING: return "the caller went away during the TLS handshake";
  default: break;
  }
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? std::string_view(reason) : std::string_view("TLS handshake failed");
}

} // namespace ledgergate::listen
