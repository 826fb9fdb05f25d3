// Keys, certificates and revocation lists (RFC 5280), made and written as PEM. No file is touched here.
#pragma once

#include "enrol/index.h"
#include "enrol/openssl.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::enrol {

// Clocks of branches run late: everything begins an hour before it is made.
inline constexpr std::int64_t kBackdate = 3'600;
inline constexpr std::int64_t kDay = 86'400;
// OpenSSL's usual 30 days would lock every branch out when nobody makes a new list.
inline constexpr std::int64_t kRevocationDays = 3'650;

enum class KeyType : std::uint8_t { ecdsa, rsa }; // P-256, or RSA for what is too old for it

// Each is null, with words in `why`, when OpenSSL refuses.
[[nodiscard]] Key make_key(KeyType type, int rsa_bits, std::string& why);
// 128 bits, the first of them 1; "" when there is no randomness.
[[nodiscard]] std::string random_serial();
// A root that may sign certificates and revocation lists, and no further CA.
[[nodiscard]] Certificate make_authority(EVP_PKEY* key, const std::string& name, std::int64_t now, std::int64_t until,
                                         std::string& why);
// Signed by `authority`; all that it says stands in `record`.
[[nodiscard]] Certificate make_certificate(const Record& record, EVP_PKEY* subject_key, X509* authority, EVP_PKEY* authority_key,
                                           std::string& why);
[[nodiscard]] Revocations make_revocations(const Index& index, X509* authority, EVP_PKEY* authority_key, std::int64_t now,
                                           std::string& why);

[[nodiscard]] std::string pem(X509* certificate);
[[nodiscard]] std::string pem(X509_CRL* list);
[[nodiscard]] Secret pem(EVP_PKEY* key); // not encrypted
// Of the text of a file that the words call `file`. Null, with words, when it can't be read strictly.
[[nodiscard]] Certificate read_certificate(const std::string& text, const std::string& file, std::string& why);
[[nodiscard]] Key read_key(const Secret& text, const std::string& file, std::string& why);
// The number of a revocation list; none when the text holds no list of ours.
[[nodiscard]] std::optional<std::uint64_t> revocations_number(const std::string& text);
// Of such a text: from when to when it holds, in unix seconds; none when it holds no list of ours.
struct Term {
  std::int64_t from = 0, until = 0;
};
[[nodiscard]] std::optional<Term> revocations_term(const std::string& text);
[[nodiscard]] std::int64_t valid_until(const X509* certificate); // unix seconds

} // namespace ledgergate::enrol
