#include "upstream/client_tls.h"

#include "base/address.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ledgergate::upstream {
namespace {

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto** slot = static_cast<SSL_SESSION**>(SSL_get_ex_data(ssl, session_index()));
  if (slot == nullptr) return 0;
  SSL_SESSION_free(*slot);
  *slot = session;
  return 1; // ours now
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text != nullptr ? text : "unknown reason";
}

} // namespace

std::shared_ptr<const ClientTls> ClientTls::make(const settings::Server& server, std::string& why) {
  if (!server.https) return nullptr;
  std::shared_ptr<ClientTls> made(new ClientTls);
  made->context_ = SSL_CTX_new(TLS_client_method());
  if (made->context_ == nullptr) {
    why = "server " + server.name + ": " + reason();
    return nullptr;
  }
  SSL_CTX* ctx = made->context_;
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, keep_session);
  static constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(ctx, kProtocols, sizeof kProtocols);
  made->verify_ = server.tls.verify;
  SSL_CTX_set_verify(ctx, server.tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (server.tls.ca.empty()) {
    SSL_CTX_set_default_verify_paths(ctx);
  } else if (SSL_CTX_load_verify_locations(ctx, server.tls.ca.c_str(), nullptr) != 1) {
    why = server.tls.ca + ": can't be read as PEM certificates of a CA: " + reason();
    return nullptr;
  }
  if (server.tls.client_certificate) {
    const auto& files = *server.tls.client_certificate;
    if (SSL_CTX_use_certificate_chain_file(ctx, files.chain.c_str()) != 1) {
      why = files.chain.string() + ": can't be read as a PEM certificate: " + reason();
      return nullptr;
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, files.key.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
      why = files.key.string() + ": is not the key of " + files.chain.string() + ": " + reason();
      return nullptr;
    }
  }
  ERR_clear_error();
  made->name_ = server.tls.name.empty() ? server.host : server.tls.name;
  return made;
}

ClientTls::~ClientTls() { SSL_CTX_free(context_); }

SSL* ClientTls::open(SSL_SESSION** session) const noexcept {
  SSL* ssl = SSL_new(context_);
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl);
  if (IpAddress::parse(name_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name_.c_str());
  } else {
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name_.c_str())); // OpenSSL copies it
    SSL_set1_host(ssl, name_.c_str());
  }
  SSL_set_ex_data(ssl, session_index(), session);
  if (session != nullptr && *session != nullptr) SSL_set_session(ssl, *session);
  return ssl;
}

} // namespace ledgergate::upstream
