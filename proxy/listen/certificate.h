// One certificate chain and its key, read and checked, with words for what is wrong.
#pragma once

#include "base/pem_file.h"
#include "settings/settings.h"

#include <openssl/types.h>

#include <string>
#include <vector>

namespace ledgergate::listen {

// RFC 2253 text, in UTF-8.
[[nodiscard]] std::string rfc2253(const X509_NAME* name);

struct Certificate {
  std::string file;           // of its chain
  std::vector<X509Ptr> chain; // leaf first
  PkeyPtr key;
  int type = 0;                   // EVP_PKEY_EC, EVP_PKEY_RSA, …
  std::vector<std::string> names; // DNS names of the leaf, lower case ("*.example.cz" kept)
  std::vector<std::string> addresses;
};

struct CertificateProblems {
  std::vector<std::string> errors;   // it can't be served
  std::vector<std::string> warnings; // what callers will hardly believe: served all the same
  bool missing = false;              // pairs do not exist (yet), and nothing else is wrong: the listener can wait for them
};

// Reads and checks. Never prints a key. Null chain in the result when there are errors; `problems.missing` is set when neither
// chain nor key exists. `known`: CAs that callers have for sure.
[[nodiscard]] Certificate read_certificate(const settings::CertificateFiles& files, CertificateProblems& problems,
                                           const std::vector<X509*>& known = {});

} // namespace ledgergate::listen
