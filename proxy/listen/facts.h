// What an administrator must know of a certificate or revocation list that is believed or shown: one line for the log, so that it
// can be told later which was in use when.
#pragma once

#include <openssl/types.h>

#include <string>

namespace ledgergate::listen {

// "sha256=… serial=… until=2027-01-31 subject=…"; the subject in the form of RFC 2253.
[[nodiscard]] std::string certificate_facts(const X509* certificate);
// "sha256=… number=7 revoked=3 until=2036-11-20 issuer=…"; what the list does not say is left out.
[[nodiscard]] std::string list_facts(X509_CRL* list);

} // namespace ledgergate::listen
