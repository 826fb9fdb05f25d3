// OpenSSL's objects, owned. This header includes none of OpenSSL's.
#pragma once

#include <openssl/types.h>

#include <memory>

namespace ledgergate {

template <class T, void (*free)(T*)>
struct OpenSslFree {
  void operator()(T* object) const noexcept { free(object); }
};
void free_x509(X509* object);
void free_pkey(EVP_PKEY* object);
void free_crl(X509_CRL* object);
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509, free_x509>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, free_pkey>>;
using CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL, free_crl>>;

} // namespace ledgergate
