// PKCS#12 (RFC 7292): a certificate and its key in one file under a password, as Windows, macOS and most devices import them.
#pragma once

#include "enrol/openssl.h"

#include <optional>
#include <string>

namespace ledgergate::enrol {

enum class BundleStrength : std::uint8_t {
  modern, // AES-256, PBKDF2 with SHA-256, MAC with SHA-256: Windows 10 1709 and later, Server 2019
  legacy, // 3DES and SHA-1, for older ones; never the RC2 that breaks in minutes
};

// The bytes (DER); empty, with words in `why`, when OpenSSL refuses. `name` is shown by certificate stores.
[[nodiscard]] Secret make_bundle(const std::string& name, X509* certificate, EVP_PKEY* key, const Secret& password,
                                 BundleStrength strength, std::string& why);

// Six groups of five, of letters and digits that nobody takes for one another: 145 bits. Empty when there is no randomness.
[[nodiscard]] Secret random_password();
// A password of the user's choice: the first line of a file that nobody else may read. None, with words, when it is no such file.
[[nodiscard]] std::optional<Secret> password_from_file(const std::string& path, std::string& why);
// Asked for twice at the terminal, without showing it.
[[nodiscard]] std::optional<Secret> password_from_terminal(std::string& why);

} // namespace ledgergate::enrol
