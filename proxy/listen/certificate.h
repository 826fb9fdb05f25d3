// One certificate chain and its key, read and checked, with words for what is wrong.
#pragma once

#include "settings/settings.h"

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::listen {

template <class T, void (*free)(T*)>
struct OpenSslFree {
  void operator()(T* object) const noexcept { free(object); }
};
// RFC 2253 text, in UTF-8.
[[nodiscard]] std::string rfc2253(const X509_NAME* name);
void free_x509(X509* object);
void free_pkey(EVP_PKEY* object);
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509, free_x509>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, free_pkey>>;

struct Certificate {
  std::vector<X509Ptr> chain; // leaf first
  PkeyPtr key;
  int type = 0;                   // EVP_PKEY_EC, EVP_PKEY_RSA, …
  std::vector<std::string> names; // DNS names of the leaf, lower case ("*.example.cz" kept)
};

struct CertificateProblems {
  std::vector<std::string> errors;   // it can't be served
  std::vector<std::string> warnings; // expired, not yet valid, chain out of order: served all the same
  bool missing = false;              // a file does not exist: the listener waits for it
};

// The text of a PEM file, or nothing and why.
[[nodiscard]] std::optional<std::string> read_pem(const std::filesystem::path& path, CertificateProblems& problems);
// For OpenSSL: a key that asks for a password must not make the program wait for a terminal.
int no_password(char*, int, int, void*);

// Reads and checks. Never prints a key. Null chain in the result when there are errors.
[[nodiscard]] Certificate read_certificate(const settings::CertificateFiles& files, CertificateProblems& problems);

} // namespace ledgergate::listen
