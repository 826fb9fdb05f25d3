#include "upstream/client_tls.h"

#include "base/address.h"
#include "base/chain_doubts.h"
#include "base/pem_file.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <vector>

namespace ledgergate::upstream {
namespace {

using Share = std::shared_ptr<KeptSession>; // what an SSL has at session_index()

void end_share(void*, void* share, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Share*>(share); }

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, end_share);
  return index;
}

// OpenSSL calls this for each session, and for each ticket behind a handshake, as long as the SSL lives.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto* share = static_cast<const Share*>(SSL_get_ex_data(ssl, session_index()));
  if (share == nullptr) return 0;
  (*share)->put(session);
  return 1; // ours now
}

int renegotiation_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// The only trace that a server leaves that wanted another handshake: our answer, which is no (SSL_OP_NO_RENEGOTIATION).
void note_alert(const SSL* ssl, int where, int alert) {
  static char wanted;
  if (where == SSL_CB_WRITE_ALERT && (alert & 0xFF) == SSL_AD_NO_RENEGOTIATION)
    SSL_set_ex_data(const_cast<SSL*>(ssl), renegotiation_index(), &wanted);
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text != nullptr ? text : "unknown reason";
}

// To what has been found already: one line.
void add(const std::string& doubt, std::string& warning) {
  if (!doubt.empty() && !warning.empty()) warning += "; ";
  warning += doubt;
}

// The CAs that a server's certificate is checked against: "" or why they can't be.
std::string use_authorities(SSL_CTX* ctx, const std::string& file, std::string& warning) {
  PemProblem problem;
  const auto read = read_pem_file(file, PemRole::authorities, problem);
  if (!read) return problem.text();
  X509_STORE* const store = SSL_CTX_get_cert_store(ctx);
  for (const X509Ptr& each : read->certificates)
    if (X509_STORE_add_cert(store, each.get()) != 1) return file + ": can't be used: " + reason();
  const bool all_expired = std::all_of(read->certificates.begin(), read->certificates.end(), [](const X509Ptr& each) {
    return X509_cmp_current_time(X509_get0_notAfter(each.get())) < 0;
  });
  if (all_expired)
    add(file + ": expired on " + moment_words(X509_get0_notAfter(read->certificates.front().get())) +
            ": no server is believed by it",
        warning);
  return "";
}

// What we show to the server: "" or why it can't be shown.
std::string use_certificate(SSL_CTX* ctx, const settings::CertificateFiles& files, std::string& warning) {
  std::vector<PemPairProblem> problems;
  const auto pair = read_pem_pair(files.chain, files.key, problems);
  if (!pair) {
    const PemPairProblem& first = problems.front();
    if (first.mismatch) return files.key.string() + ": is not the key of " + files.chain.string();
    return first.file + (first.of_key ? ": " : ": can't be read as a PEM certificate: ") + first.words;
  }
  STACK_OF(X509)* const above = sk_X509_new_null();
  bool whole = above != nullptr;
  for (std::size_t i = 1; whole && i < pair->chain.size(); ++i) whole = sk_X509_push(above, pair->chain[i].get()) > 0;
  whole = whole && SSL_CTX_use_cert_and_key(ctx, pair->chain.front().get(), pair->key.get(), above, 1) == 1;
  sk_X509_free(above);
  for (const std::string& doubt : chain_doubts(pair->chain, files.chain.string(), ShownTo::server)) add(doubt, warning);
  return whole ? "" : files.chain.string() + ": can't be shown: " + reason();
}

std::string day_of(const ASN1_TIME* time) {
  std::tm day{};
  if (ASN1_TIME_to_tm(time, &day) != 1) return "a day that can't be read";
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

// What makes a server refuse it, in words for whoever must get a new one.
std::string doubt(X509* own, const std::string& path) {
  constexpr std::time_t kSoon = 14 * 86'400;
  const ASN1_TIME* const from = X509_get0_notBefore(own);
  const ASN1_TIME* const until = X509_get0_notAfter(own);
  std::time_t soon = std::time(nullptr) + kSoon;
  if (X509_cmp_current_time(until) < 0)
    return path + ": the client certificate has expired on " + day_of(until) +
           ": the server will refuse it until it gets a new one (`ledgergate cert renew`)";
  if (X509_cmp_current_time(from) > 0)
    return path + ": the client certificate is not valid before " + day_of(from) +
           " (is the clock right?): the server will refuse it";
  if (X509_check_purpose(own, X509_PURPOSE_SSL_CLIENT, 0) != 1)
    return path + ": the certificate is not for clients (extended key usage clientAuth): the server will refuse it";
  if (X509_cmp_time(until, &soon) < 0)
    return path + ": the client certificate ends on " + day_of(until) + ": get a new one before (`ledgergate cert renew`)";
  return "";
}

} // namespace

std::shared_ptr<const ClientTls> ClientTls::make(const settings::Server& server, std::string& why, std::string& warning) {
  if (!server.https) return nullptr;
  std::shared_ptr<ClientTls> made(new ClientTls);
  made->context_ = SSL_CTX_new(TLS_client_method());
  if (made->context_ == nullptr) {
    why = "server " + server.name + ": " + reason();
    return nullptr;
  }
  SSL_CTX* ctx = made->context_;
  // The system's openssl.cnf may ask for more.
  if (SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, keep_session);
  SSL_CTX_set_info_callback(ctx, note_alert);
  static constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(ctx, kProtocols, sizeof kProtocols);
  made->verify_ = server.tls.verify;
  SSL_CTX_set_verify(ctx, server.tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (server.tls.ca.empty()) {
    SSL_CTX_set_default_verify_paths(ctx);
  } else if (why = use_authorities(ctx, server.tls.ca, warning); !why.empty()) {
    return nullptr;
  }
  if (server.tls.client_certificate) {
    why = use_certificate(ctx, *server.tls.client_certificate, warning);
    if (!why.empty()) return nullptr;
    add(doubt(SSL_CTX_get0_certificate(ctx), server.tls.client_certificate->chain.string()), warning);
    // A server that asks for it when it knows the path (Apache's SSLVerifyClient in a Location; RFC 8446 section 4.6.2).
    SSL_CTX_set_post_handshake_auth(ctx, 1);
  }
  ERR_clear_error();
  made->name_ = server.tls.name.empty() ? server.host : server.tls.name;
  return made;
}

ClientTls::~ClientTls() { SSL_CTX_free(context_); }

SSL* ClientTls::open(const std::shared_ptr<KeptSession>& kept) const noexcept {
  SSL* ssl = SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl);
  // Each of them needs memory, and without it a server of any name would be believed.
  auto* const share = new (std::nothrow) Share(kept);
  bool whole = share != nullptr && SSL_set_ex_data(ssl, session_index(), share) == 1;
  if (!whole) delete share;
  if (IpAddress::parse(name_)) {
    whole = whole && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name_.c_str()) == 1;
  } else {
    whole =
        whole && SSL_set1_host(ssl, name_.c_str()) == 1 &&
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name_.c_str())) == 1; // it copies
  }
  if (!whole) {
    SSL_free(ssl);
    return nullptr;
  }
  if (kept->get() != nullptr) SSL_set_session(ssl, kept->get());
  return ssl;
}

bool ClientTls::has_right_name(const SSL* ssl) const noexcept {
  if (!verify_) return true;
  X509* const shown = SSL_get0_peer_certificate(ssl);
  if (shown == nullptr) return false;
  if (IpAddress::parse(name_)) return X509_check_ip_asc(shown, name_.c_str(), 0) == 1;
  return X509_check_host(shown, name_.c_str(), name_.size(), 0, nullptr) == 1;
}

std::string_view refused_certificate(const io::Stream& server) noexcept {
  const unsigned long error = server.tls_error();
  if (server.tls() == nullptr || ERR_GET_LIB(error) != ERR_LIB_SSL) return "";
  switch (ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET) {
  case SSL_AD_CERTIFICATE_EXPIRED: return "the server says that our client certificate has expired";
  case SSL_AD_CERTIFICATE_REVOKED: return "the server says that our client certificate is revoked";
  case SSL_AD_UNKNOWN_CA: return "the server does not know the CA of our client certificate";
  case SSL_AD_CERTIFICATE_REQUIRED: return "the server asks for a client certificate";
  case SSL_AD_BAD_CERTIFICATE:
  case SSL_AD_UNSUPPORTED_CERTIFICATE:
  case SSL_AD_CERTIFICATE_UNKNOWN:
  case SSL_AD_ACCESS_DENIED: return "the server refuses our client certificate";
  default: return "";
  }
}

bool asked_to_renegotiate(const io::Stream& server) noexcept {
  SSL* const ssl = server.tls();
  if (ssl == nullptr || SSL_get_ex_data(ssl, renegotiation_index()) == nullptr) return false;
  SSL_set_ex_data(ssl, renegotiation_index(), nullptr);
  return true;
}

} // namespace ledgergate::upstream
