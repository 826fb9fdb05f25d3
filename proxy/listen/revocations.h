// What is to be known of revocation lists before they are believed: whether they are whole, which CAs they take back, and which of
// two versions is the newer one.
#pragma once

#include "base/openssl_pointers.h"

#include <openssl/x509v3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::listen {

// What tells the versions of one revocation list from each other: whose it is, and how new.
struct ListMark {
  std::string whose;      // issuer, its key and the list's scope, as bytes: of the same are the versions of one list
  std::string number;     // RFC 5280 section 5.2.3, big-endian without leading zeros; empty: it has none
  std::int64_t since = 0; // thisUpdate, unix seconds
  std::string words;      // "number 7 of 2026-11-20T10:00:00Z"
};
using ListMarks = std::vector<ListMark>;

// Nothing: out of memory, or is_damaged().
[[nodiscard]] std::optional<ListMark> mark_of(X509_CRL* list, const std::vector<X509Ptr>& authorities);
// One sentence for each list of `now` whose newest version is older than that of `before`: it was copied from somewhere, and would
// undo what has been revoked since.
[[nodiscard]] std::vector<std::string> older_lists(const ListMarks& now, const ListMarks& before);

// Which of the CAs that are named are revoked by others of them, or have no issuer among these that is not. A chain ends at the
// first CA that is named, so that OpenSSL never asks.
[[nodiscard]] std::vector<bool> find_revoked(const std::vector<X509Ptr>& authorities, const std::vector<CrlPtr>& all);

// Whether the list is of a CA that is named, by its name and the identifier of its key, and its signature fits none of these: a
// byte of it has changed. OpenSSL would find that out at each caller, and let nobody in.
[[nodiscard]] bool is_damaged(X509_CRL* list, const std::vector<X509Ptr>& authorities) noexcept;

void free_key_id(AUTHORITY_KEYID* object);
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, OpenSslFree<AUTHORITY_KEYID, free_key_id>>;

} // namespace ledgergate::listen
