// Keys, certificates and revocation lists (RFC 5280), made and written as PEM. No file is touched here.
#pragma once

#include "enrol/index.h"
#include "enrol/openssl.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::enrol {

// Clocks of branches run late: everything begins an hour before it is made.
inline constexpr std::int64_t kBackdate = 3'600;
inline constexpr std::int64_t kDay = 86'400;
// OpenSSL's usual 30 days would lock every branch out when nobody makes a new list.
inline constexpr std::int64_t kRevocationDays = 3'650;
// A list with less than this before it, in seconds, is made anew by whatever changes something.
inline constexpr std::int64_t kRenewBefore = 365 * kDay;

enum class KeyType : std::uint8_t { ecdsa, rsa }; // P-256, or RSA for what is too old for it

// Each is null, with words in `why`, when OpenSSL refuses.
[[nodiscard]] Key make_key(KeyType type, int rsa_bits, std::string& why);
// 128 bits, the first of them 1, in hex; "" when there is no randomness.
inline constexpr std::size_t kSerialDigits = 32;
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
// What a revocation list says.
struct Published {
  std::uint64_t number = 0;                                  // 0: it says none
  std::int64_t from = 0, until = 0;                          // when it holds, unix seconds
  std::vector<std::pair<std::string, std::int64_t>> revoked; // serial numbers as in the index, and since when
};
// None when the text holds no one list that `authority` has signed.
[[nodiscard]] std::optional<Published> read_revocations(const std::string& text, X509* authority);
// Whether a record stands on a list of this moment: revoked, and not over by more than what clocks may differ by. What is revoked
// at this moment does in any case, since the clock may be wrong.
[[nodiscard]] bool is_listed(const Record& record, std::int64_t now) noexcept;
[[nodiscard]] std::int64_t valid_until(const X509* certificate); // unix seconds

} // namespace ledgergate::enrol
