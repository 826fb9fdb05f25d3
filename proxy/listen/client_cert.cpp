#include "listen/client_cert.h"

#include "http/base64.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <string_view>

namespace ledgergate::listen {
namespace {

void append_sequence(std::string_view der, std::string& out) {
  out += ':';
  http::append_base64(der, out);
  out += ':';
}

std::string_view bytes(const unsigned char* begin, long size) {
  return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(size)};
}

void append_certificate(X509* certificate, std::string& out) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size > 0) append_sequence(bytes(der, size), out);
  OPENSSL_free(der);
}

// A resumed session brings no chain; what was between is in its ticket, one DER behind the other (client_auth.h: keep_chain).
void append_kept(SSL_SESSION* session, std::string& out) {
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1) return;
  const auto* at = static_cast<const unsigned char*>(data);
  for (const auto* const end = at + size; at < end;) {
    const auto* const begin = at;
    X509* const next = d2i_X509(nullptr, &at, static_cast<long>(end - at));
    if (next == nullptr) return;
    X509_free(next);
    if (!out.empty()) out += ", ";
    append_sequence(bytes(begin, static_cast<long>(at - begin)), out);
  }
}

} // namespace

void append_client_cert(const SSL* ssl, std::string& out) {
  X509* const certificate = ssl != nullptr ? SSL_get0_peer_certificate(ssl) : nullptr;
  if (certificate != nullptr) append_certificate(certificate, out);
  ERR_clear_error();
}

void append_client_cert_chain(const SSL* ssl, std::string& out) {
  if (ssl == nullptr || SSL_get0_peer_certificate(ssl) == nullptr) return;
  if (SSL_session_reused(ssl) == 1) {
    append_kept(SSL_get_session(ssl), out);
  } else {
    const STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
    for (int i = 1; i + 1 < sk_X509_num(chain); ++i) {
      if (!out.empty()) out += ", ";
      append_certificate(sk_X509_value(chain, i), out);
    }
  }
  ERR_clear_error();
}

} // namespace ledgergate::listen
