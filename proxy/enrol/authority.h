// A certificate authority of one's own, for branches: a directory with its key, what it has issued, and what it takes back.
//
//   DIR/ca.pem, DIR/crl.pem   for the edge (client_ca, client_crl), which does not run as root: readable by all
//   DIR/audit.log             a line for each change
//   DIR/private/ (0700)       ca.key, index, lock, and of each certificate NAME.pem (certificate and key) and perhaps NAME.p12
//
// Invariants: one process at a time changes anything (private/lock). The index is written before the file that it speaks of, so a
// certificate that somebody may hold is always in it; a revocation list that is older than the index is made again by whoever takes
// the lock next, and so is one that is not valid by this machine's clock, or soon no more. Killed at any moment, the directory can
// be used as it is. Who is on the list stays revoked: what an index that was restored from a copy does not know of is taken over
// from there, and the number of the list never falls.
#pragma once

#include "enrol/audit.h"
#include "enrol/bundle.h"
#include "enrol/certificates.h"
#include "enrol/files.h"
#include "enrol/index.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::enrol {

inline constexpr const char* kAuthorityDirectory = "/var/lib/ledgergate/ca";
// What its own client certificates are named in, so that a client is `san: NAME.branch.internal` (internal: for private use only).
inline constexpr std::string_view kClientDomain = ".branch.internal";
inline constexpr std::int64_t kSoon = 30 * kDay; // a certificate that ends within this time is pointed at

struct BundleWish {
  Secret password;
  BundleStrength strength = BundleStrength::modern;
};

struct Wish {
  Kind kind = Kind::client;
  std::string name;
  std::vector<std::string> sans; // none: the name's own
  std::int64_t days = 0;
  KeyType key = KeyType::ecdsa;
  std::optional<BundleWish> bundle;
};

struct Issued {
  Record record;
  std::filesystem::path file;   // certificate and key, PEM
  std::filesystem::path bundle; // empty: none was asked for
  std::vector<Record> older;    // of the same name and still valid
};

// The files of its directory.
inline constexpr const char* kIndexFile = "index";
inline constexpr const char* kAuthorityFile = "ca.pem";
inline constexpr const char* kRevocationsFile = "crl.pem";

class Authority {
public:
  // Makes one. Refuses when there is one already. Words in `why` beside true: it is made, and audit.log does not say so.
  static bool create(const std::filesystem::path& directory, const std::string& name, std::int64_t days, KeyType key,
                     std::int64_t now, std::string& why);
  // Takes the lock, and puts right what a killed run left. `now`: unix seconds, for all that follows.
  static std::optional<Authority> open(const std::filesystem::path& directory, std::int64_t now, std::string& why);
  // What open() has put right, and an administrator must know of.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  // What it has issued, oldest first; needs no lock.
  static std::optional<Index> look(const std::filesystem::path& directory, std::string& why);
  // What is wrong with crl.pem by the index and by this clock, and open() would put right; "" when nothing is. Needs no lock.
  static std::string doubt_of_list(const std::filesystem::path& directory, std::int64_t now);

  // A certificate under a name that has no valid one.
  std::optional<Issued> issue(const Wish& wish, std::string& why);
  // A new one (with a new key) under a name that has one; the names in it stay the same. The older stays valid.
  std::optional<Issued> renew(const Wish& wish, std::string& why);
  // All of a name and kind, or the one with this serial number, also what this clock calls expired: those that were not revoked
  // yet. None when nothing has this name or number.
  std::optional<std::vector<Record>> revoke(Kind kind, const std::string& name_or_serial, std::string& why);
  // One that the index does not know, since it was issued behind the copy that the index was restored from. Refuses what can be no
  // serial number of this CA's.
  std::optional<std::vector<Record>> revoke_unheard_of(const std::string& serial, std::string& why);

  // Why audit.log has not all of it; see Audit.
  [[nodiscard]] const std::string& unaudited() const noexcept { return audit_.trouble(); }

private:
  Authority(Folder all, Folder secret, Lock lock, std::int64_t now)
      : all_(std::move(all)), secret_(std::move(secret)), lock_(std::move(lock)), audit_(all_), now_(now) {}
  [[nodiscard]] bool valid(const Record& record) const { return !record.revoked && record.until >= now_; }
  std::optional<Issued> make(const Wish& wish, std::vector<std::string> sans, const char* deed, std::string& why);
  std::optional<std::vector<Record>> publish(Index next, std::vector<Record> revoked, std::string& why);
  bool put_list_right(std::string& why);
  bool write_revocations(std::string& why);
  bool write_index(const Index& index, std::string& why);

  Folder all_, secret_;
  Lock lock_;
  Audit audit_; // of all_
  std::int64_t now_;
  Index index_;
  Certificate certificate_;
  Key key_;
  std::vector<std::string> notes_;
};

// The folder `private`, if it is.
[[nodiscard]] std::optional<Folder> open_secret(const Folder& all, std::string& why);
[[nodiscard]] std::optional<Index> read_index(const Folder& secret, std::string& why);
// What is known of a revoked certificate that the index does not know.
[[nodiscard]] Record unheard_of(const std::string& serial, std::int64_t revoked, std::int64_t until);

// "valid", "ends soon", "expired", "revoked"
[[nodiscard]] std::string_view state_of(const Record& record, std::int64_t now) noexcept;
// "Till-Brno.pem" and its kin; a server's begins with "server-".
[[nodiscard]] std::string file_of(Kind kind, const std::string& name, std::string_view ending);

} // namespace ledgergate::enrol
