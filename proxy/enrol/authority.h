// A certificate authority of one's own, for branches: a directory with its key, what it has issued, and what it takes back.
//
//   DIR/ca.pem, DIR/crl.pem   for the edge (client_ca, client_crl), which does not run as root: readable by all
//   DIR/audit.log             a line for each change
//   DIR/private/ (0700)       ca.key, index, lock, and of each certificate NAME.pem (certificate and key) and perhaps NAME.p12
//
// Invariants: one process at a time changes anything (private/lock). The index is written before the file that it speaks of, so a
// certificate that somebody may hold is always in it; a revocation list that is older than the index is made again by whoever takes
// the lock next, and so is one that is not valid by this machine's clock. Killed at any moment, the directory can be used as it is.
#pragma once

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

class Authority {
public:
  // Makes one. Refuses when there is one already.
  static bool create(const std::filesystem::path& directory, const std::string& name, std::int64_t days, KeyType key,
                     std::int64_t now, std::string& why);
  // Takes the lock, and puts right what a killed run left. `now`: unix seconds, for all that follows.
  static std::optional<Authority> open(const std::filesystem::path& directory, std::int64_t now, std::string& why);
  // What it has issued, oldest first; needs no lock. `behind`: the revocation list is older than that.
  static std::optional<Index> look(const std::filesystem::path& directory, bool& behind, std::string& why);

  // Why the edge, with this clock, believes nobody by crl.pem, though it says what the index says; "" when it does.
  static std::string doubt_of_list(const std::filesystem::path& directory, std::int64_t now);

  // A certificate under a name that has no valid one.
  std::optional<Issued> issue(const Wish& wish, std::string& why);
  // A new one (with a new key) under a name that has one; the names in it stay the same. The older stays valid.
  std::optional<Issued> renew(const Wish& wish, std::string& why);
  // All valid ones of a name, or the one with this serial number: those that were still valid. None when nothing has this name.
  std::optional<std::vector<Record>> revoke(const std::string& name_or_serial, std::string& why);

private:
  Authority(Folder all, Folder secret, Lock lock, std::int64_t now)
      : all_(std::move(all)), secret_(std::move(secret)), lock_(std::move(lock)), now_(now) {}
  [[nodiscard]] bool valid(const Record& record) const { return !record.revoked && record.until >= now_; }
  std::optional<Issued> make(const Wish& wish, std::vector<std::string> sans, const char* deed, std::string& why);
  bool write_revocations(std::string& why);
  bool renew_revocations(std::string& why);
  bool write_index(const Index& index, std::string& why);

  Folder all_, secret_;
  Lock lock_;
  std::int64_t now_;
  Index index_;
  Certificate certificate_;
  Key key_;
};

// "valid", "ends soon", "expired", "revoked"
[[nodiscard]] std::string_view state_of(const Record& record, std::int64_t now) noexcept;
// "Till-Brno.pem" and its kin; a server's begins with "server-".
[[nodiscard]] std::string file_of(Kind kind, const std::string& name, std::string_view ending);

} // namespace ledgergate::enrol
