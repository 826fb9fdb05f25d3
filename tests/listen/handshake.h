// A caller and a TlsFront that shake hands in memory.
#pragma once

#include "listen/tls_front.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace ledgergate::listen::tests {

inline std::string common_name(const X509* certificate) {
  char text[256] = "";
  if (certificate != nullptr) X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return text;
}

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, SslFree>;

class Handshake {
public:
  Handshake(const TlsFront& front, const std::string& name, int version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())), caller_(SSL_new(context_.get())), edge_(front.open(hello_)) {
    SSL_set_min_proto_version(caller_.get(), version);
    SSL_set_max_proto_version(caller_.get(), version);
    SSL_set_connect_state(caller_.get());
    if (!name.empty())
      SSL_ctrl(caller_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
    BIO *near = nullptr, *far = nullptr;
    BIO_new_bio_pair(&near, 64 * 1024, &far, 64 * 1024);
    SSL_set_bio(caller_.get(), near, near);
    SSL_set_bio(edge_.get(), far, far);
  }
  // As if both had said goodbye: OpenSSL takes a session whose connection just broke off out of use.
  ~Handshake() {
    SSL_set_shutdown(caller_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(edge_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  void ciphers(const char* list) { SSL_set_cipher_list(caller_.get(), list); }
  void protocols(std::string_view list) {
    SSL_set_alpn_protos(caller_.get(), reinterpret_cast<const unsigned char*>(list.data()), static_cast<unsigned>(list.size()));
  }
  void verify() { SSL_set_verify(caller_.get(), SSL_VERIFY_PEER, nullptr); }
  void resume(SSL_SESSION* session) { SSL_set_session(caller_.get(), session); }
  // A certificate of its own, and what came with it.
  void show(X509* certificate, EVP_PKEY* key, X509* issuer = nullptr) {
    SSL_use_certificate(caller_.get(), certificate);
    SSL_use_PrivateKey(caller_.get(), key);
    if (issuer != nullptr) SSL_add1_chain_cert(caller_.get(), issuer);
  }
  void no_tickets() { SSL_set_options(caller_.get(), SSL_OP_NO_TICKET); }
  void groups(const char* list) { SSL_set1_groups_list(caller_.get(), list); }
  // Asks for another name in its second hello, if there is one.
  void rename(std::string name) { second_name_ = std::move(name); }
  // Instead of a hello.
  void say(std::string_view bytes) {
    BIO_write(SSL_get_wbio(caller_.get()), bytes.data(), static_cast<int>(bytes.size()));
    mute_ = true;
  }

  // True: both ends are done. The edge's error code is kept.
  bool run() {
    ERR_clear_error();
    bool caller_done = mute_, edge_done = false;
    for (int turn = 0; turn < 10 && error_ == 0 && !(caller_done && edge_done); ++turn) {
      if (turn == 1 && !second_name_.empty())
        SSL_ctrl(caller_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, second_name_.data());
      if (!caller_done) caller_done = SSL_do_handshake(caller_.get()) == 1;
      ERR_clear_error();
      const int result = SSL_do_handshake(edge_.get());
      edge_done = result == 1;
      if (result != 1 && SSL_get_error(edge_.get(), result) == SSL_ERROR_SSL) error_ = ERR_peek_error();
      ERR_clear_error();
    }
    // With TLS 1.3 a caller may object (and send its ticket) after the edge is done.
    char byte = 0;
    if (error_ == 0 && edge_done) {
      SSL_read(caller_.get(), &byte, 1);
      ERR_clear_error();
      const int result = SSL_read(edge_.get(), &byte, 1);
      if (SSL_get_error(edge_.get(), result) == SSL_ERROR_SSL) error_ = ERR_peek_error();
      ERR_clear_error();
    }
    return caller_done && edge_done && error_ == 0;
  }
  [[nodiscard]] unsigned long error() const { return error_; }
  [[nodiscard]] std::string peer() const { return common_name(SSL_get0_peer_certificate(caller_.get())); }
  [[nodiscard]] std::string cipher() const { return SSL_get_cipher_name(caller_.get()); }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(caller_.get()) == 1; }
  [[nodiscard]] Session session() const { return Session(SSL_get1_session(caller_.get())); }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(caller_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  // What the edge took for the name that was asked for.
  [[nodiscard]] const std::string& asked() const { return hello_.name; }
  // The certificate that the edge holds of its caller; "" without.
  [[nodiscard]] std::string shown() const { return common_name(SSL_get0_peer_certificate(edge_.get())); }
  // What the edge thinks of that now, under the rules of another front.
  [[nodiscard]] int judged(const TlsFront& by) const { return by.clients(by.rules_of(hello_.name)).verify(edge_.get()); }

private:
  Hello hello_;
  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::unique_ptr<SSL, SslFree> caller_, edge_;
  unsigned long error_ = 0;
  bool mute_ = false;
  std::string second_name_;
};

} // namespace ledgergate::listen::tests
