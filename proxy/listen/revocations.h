// What is to be known of revocation lists before they are believed: whether they are whole, which CAs they take back, and which of
// two versions is the newer one.
#pragma once

#include "base/openssl_pointers.h"

#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::listen {

// An entry of a list. What is only on hold may leave it again (RFC 5280 section 5.3.1).
struct RevokedSerial {
  std::string serial; // as bytes
  bool hold = false;
};

// What tells the versions of one revocation list from each other: whose it is, how new, and what is in it.
struct ListMark {
  std::string whose;      // issuer, its key and the list's scope, as bytes: of the same are the versions of one list
  std::string number;     // RFC 5280 section 5.2.3, big-endian without leading zeros; empty: it has none
  std::int64_t since = 0; // thisUpdate, unix seconds
  std::string words;      // "number 7 of 2026-11-20T10:00:00Z"
  std::string digest;     // of all of it
  std::shared_ptr<const std::vector<RevokedSerial>> revoked; // never null; sorted by serial
};
using ListMarks = std::vector<ListMark>;

struct KnownLists {
  ListMarks newest; // of all lists that this process ever used
  ListMarks in_use; // where this one is to be used
};

// Nothing: out of memory, or is_damaged().
[[nodiscard]] std::optional<ListMark> mark_of(X509_CRL* list, const std::vector<X509Ptr>& authorities);
// A sentence for each list of `now` whose newest version is older than the newest known, or has its number and not all that stands
// there: it was copied from somewhere, or made by a copy of the CA, and would undo what has been revoked. What is in use as it is
// passes.
[[nodiscard]] std::vector<std::string> older_lists(const ListMarks& now, const KnownLists& known);
// A sentence for each list of `now` that is newer than the newest known and has not all that stands there: as when they
// have expired, or when a copy of the CA has counted on.
[[nodiscard]] std::vector<std::string> shorter_lists(const ListMarks& now, const KnownLists& known);
// A sentence for each CA that is named, of which a list is in use and none in `now`: who it let in would be let in no more.
[[nodiscard]] std::vector<std::string> lost_lists(const ListMarks& now, const KnownLists& known,
                                                  const std::vector<X509Ptr>& authorities);
// What makes a list of no use to whom it is given: it is of no CA that is named, or there is none of one, or a CA may sign none.
[[nodiscard]] std::vector<std::string> list_doubts(const std::vector<CrlPtr>& all, const std::vector<X509Ptr>& authorities);
// Of each list the newest version stays in `marks`.
void keep_newest(ListMarks& marks, const ListMarks& more);

// Which of the CAs that are named are revoked by others of them, or have no issuer among these that is not. A chain ends at the
// first CA that is named, so that OpenSSL never asks.
[[nodiscard]] std::vector<bool> find_revoked(const std::vector<X509Ptr>& authorities, const std::vector<CrlPtr>& all);

// Whether the list is of a CA that is named, by its name and the identifier of its key, and its signature fits none of these: a
// byte of it has changed. OpenSSL would find that out at each caller, and let nobody in.
[[nodiscard]] bool is_damaged(X509_CRL* list, const std::vector<X509Ptr>& authorities) noexcept;

void free_key_id(AUTHORITY_KEYID* object);
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, OpenSslFree<AUTHORITY_KEYID, free_key_id>>;

} // namespace ledgergate::listen
