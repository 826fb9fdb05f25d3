#include "enrol/authority.h"

#include "base/address.h"
#include "enrol/audit.h"

#include <algorithm>
#include <utility>

namespace ledgergate::enrol {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLockWait{30'000};
constexpr mode_t kSecretFile = 0600, kPublicFile = 0644, kSecretFolder = 0700, kPublicFolder = 0755;
constexpr const char* kIndexFile = "index";
constexpr const char* kKeyFile = "ca.key";
constexpr const char* kAuthorityFile = "ca.pem";
constexpr const char* kRevocationsFile = "crl.pem";

std::optional<Index> read_index(const Folder& secret, std::string& why) {
  const auto text = secret.read(kIndexFile, why);
  if (!text) return std::nullopt;
  auto index = parse_index(*text, why);
  if (!index) why = (secret.path() / kIndexFile).string() + ": " + why;
  return index;
}

std::optional<Folder> open_secret(const Folder& all, std::string& why) {
  auto secret = Folder::open(all.path() / "private", why);
  if (secret && (secret->mode() & 077U) != 0) {
    why = secret->path().string() + ": others can look into it; chmod 700 " + secret->path().string();
    return std::nullopt;
  }
  return secret;
}

bool is_behind(const Folder& all, const Index& index) {
  std::string ignored;
  const auto text = all.read(kRevocationsFile, ignored);
  return !text || revocations_number(*text) != index.revocations;
}

// One that was made while the clock was ahead, or is read while it is behind, locks every branch out: it is not valid yet.
bool is_out_of_its_term(const Folder& all, std::int64_t now) {
  std::string ignored;
  const auto text = all.read(kRevocationsFile, ignored);
  const auto term = text ? revocations_term(*text) : std::nullopt;
  return term && (now < term->from || now > term->until);
}

std::string words_of(const Record& record) {
  return std::string(record.kind == Kind::client ? "client=" : "server=") + record.name + " serial=" + record.serial;
}

} // namespace

std::string_view state_of(const Record& record, std::int64_t now) noexcept {
  if (record.revoked) return "revoked";
  if (record.until < now) return "expired";
  return record.until - now < kSoon ? "ends soon" : "valid";
}

std::string file_of(Kind kind, const std::string& name, std::string_view ending) {
  std::string out = (kind == Kind::server ? "server-" : "") + name + std::string(ending);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '*' || c == ':' || c == '/'; }, '_');
  return out;
}

bool Authority::create(const fs::path& directory, const std::string& name, std::int64_t days, KeyType type, std::int64_t now,
                       std::string& why) {
  const auto all = Folder::make(directory, kPublicFolder, why);
  if (!all) return false;
  const auto made = Folder::make(directory / "private", kSecretFolder, why);
  const auto secret = made ? open_secret(*all, why) : std::nullopt;
  if (!secret) return false;
  const auto lock = Lock::take(*secret, kLockWait, why);
  if (!lock) return false;
  // The certificate is written last: until it is there nobody has anything of this CA, and a run that was killed may be begun
  // again.
  std::string none;
  const auto known = secret->has(kIndexFile) ? read_index(*secret, none) : Index();
  if (all->has(kAuthorityFile) || !known || !known->records.empty()) {
    why = directory.string() + ": there is a CA already";
    return false;
  }
  secret->sweep();
  all->sweep();
  const Key key = make_key(type, 3072, why);
  if (!key) return false;
  const Certificate certificate = make_authority(key.get(), name, now, now + days * kDay, why);
  if (!certificate) return false;
  Index index;
  index.revocations = 1;
  const Revocations list = make_revocations(index, certificate.get(), key.get(), now, why);
  if (!list || !secret->write(kKeyFile, pem(key.get()).text(), kSecretFile, why) ||
      !secret->write(kIndexFile, index_text(index), kSecretFile, why) ||
      !all->write(kRevocationsFile, pem(list.get()), kPublicFile, why) ||
      !all->write(kAuthorityFile, pem(certificate.get()), kPublicFile, why))
    return false;
  return audit(*all, "made authority until=" + day_text(now + days * kDay), now, why);
}

std::optional<Authority> Authority::open(const fs::path& directory, std::int64_t now, std::string& why) {
  auto all = Folder::open(directory, why);
  if (!all || !all->has(kAuthorityFile)) {
    why = directory.string() + ": there is no CA; ledgergate cert init-ca makes one" + (all ? "" : " (" + why + ")");
    return std::nullopt;
  }
  auto secret = open_secret(*all, why);
  if (!secret) return std::nullopt;
  auto lock = Lock::take(*secret, kLockWait, why);
  if (!lock) return std::nullopt;
  Authority authority(std::move(*all), std::move(*secret), std::move(*lock), now);
  authority.secret_.sweep();
  authority.all_.sweep();
  auto index = read_index(authority.secret_, why);
  if (!index) return std::nullopt;
  authority.index_ = std::move(*index);
  const auto certificate = authority.all_.read(kAuthorityFile, why);
  auto key = authority.secret_.read(kKeyFile, why);
  if (!certificate || !key) return std::nullopt;
  const Secret key_text(std::move(*key));
  authority.certificate_ = read_certificate(*certificate, (directory / kAuthorityFile).string(), why);
  if (!authority.certificate_) return std::nullopt;
  authority.key_ = read_key(key_text, (authority.secret_.path() / kKeyFile).string(), why);
  if (!authority.key_) return std::nullopt;
  if (X509_check_private_key(authority.certificate_.get(), authority.key_.get()) != 1) {
    why = directory.string() + ": ca.pem and private/ca.key do not belong together";
    static_cast<void>(openssl_words());
    return std::nullopt;
  }
  if (is_behind(authority.all_, authority.index_) && !authority.write_revocations(why)) return std::nullopt;
  if (is_out_of_its_term(authority.all_, now) && !authority.renew_revocations(why)) return std::nullopt;
  return authority;
}

std::optional<Index> Authority::look(const fs::path& directory, bool& behind, std::string& why) {
  const auto all = Folder::open(directory, why);
  if (!all) return std::nullopt;
  const auto secret = open_secret(*all, why);
  if (!secret) return std::nullopt;
  auto index = read_index(*secret, why);
  behind = index && is_behind(*all, *index);
  return index;
}

bool Authority::write_index(const Index& index, std::string& why) {
  return secret_.write(kIndexFile, index_text(index), kSecretFile, why);
}

bool Authority::write_revocations(std::string& why) {
  const Revocations list = make_revocations(index_, certificate_.get(), key_.get(), now_, why);
  return list && all_.write(kRevocationsFile, pem(list.get()), kPublicFile, why);
}

// Under a number of its own: no two lists have the same (RFC 5280 section 5.2.3).
bool Authority::renew_revocations(std::string& why) {
  Index next = index_;
  ++next.revocations;
  if (!write_index(next, why)) return false;
  index_ = std::move(next);
  return write_revocations(why) && audit(all_, "made the revocation list anew: it was not valid by this clock", now_, why);
}

std::string Authority::doubt_of_list(const fs::path& directory, std::int64_t now) {
  std::string why;
  const auto all = Folder::open(directory, why);
  const auto text = all ? all->read(kRevocationsFile, why) : std::nullopt;
  const auto term = text ? revocations_term(*text) : std::nullopt;
  if (!term || (now >= term->from && now <= term->until)) return "";
  const std::string said =
      now < term->from ? "is not valid before " + moment_text(term->from) : "was valid until " + moment_text(term->until);
  return "crl.pem " + said + ", and no branch is let in by it. Is the clock of this machine right (" + moment_text(now) +
         ")? Whatever changes something next makes it anew, as another `revoke`";
}

std::optional<Issued> Authority::make(const Wish& wish, std::vector<std::string> sans, const char* deed, std::string& why) {
  Issued issued;
  for (const Record& each : index_.records)
    if (each.kind == wish.kind && each.name == wish.name && valid(each)) issued.older.push_back(each);
  Record& record = issued.record;
  record.kind = wish.kind;
  record.name = wish.name;
  record.sans = std::move(sans);
  record.issued = now_;
  record.until = now_ + wish.days * kDay;
  if (record.until > valid_until(certificate_.get())) {
    why = "the CA itself ends on " + day_text(valid_until(certificate_.get())) + ": ask for fewer --days, or make a new one";
    return std::nullopt;
  }
  do record.serial = random_serial();
  while (index_.has_serial(record.serial));
  if (record.serial.empty()) {
    why = "there is no randomness: " + openssl_words();
    return std::nullopt;
  }
  const Key key = make_key(wish.key, 2048, why);
  if (!key) return std::nullopt;
  const Certificate certificate = make_certificate(record, key.get(), certificate_.get(), key_.get(), why);
  if (!certificate) return std::nullopt;
  Secret bundle;
  if (wish.bundle) {
    bundle = make_bundle(wish.name, certificate.get(), key.get(), wish.bundle->password, wish.bundle->strength, why);
    if (bundle.text().empty()) return std::nullopt;
  }
  Index next = index_;
  next.records.push_back(record);
  if (!write_index(next, why)) return std::nullopt;
  index_ = std::move(next);
  const Secret key_text = pem(key.get());
  // A server's with the CA's own: callers who have the root need it not, and `check` sees that no CA between them is missing.
  const std::string above = wish.kind == Kind::server ? pem(certificate_.get()) : "";
  const Secret both(pem(certificate.get()) + above + key_text.text());
  const std::string file = file_of(wish.kind, wish.name, ".pem"), bundle_file = file_of(wish.kind, wish.name, ".p12");
  issued.file = secret_.path() / file;
  if (!secret_.write(file, both.text(), kSecretFile, why)) return std::nullopt;
  if (wish.bundle) {
    issued.bundle = secret_.path() / bundle_file;
    if (!secret_.write(bundle_file, bundle.text(), kSecretFile, why)) return std::nullopt;
  } else if (!secret_.remove(bundle_file, why)) { // of the certificate before: it would be taken for this one's
    return std::nullopt;
  }
  if (!audit(all_, deed + words_of(record) + " until=" + day_text(record.until), now_, why)) return std::nullopt;
  return issued;
}

std::optional<Issued> Authority::issue(const Wish& wish, std::string& why) {
  const Record* const newest = index_.newest(wish.kind, wish.name);
  if (newest != nullptr && valid(*newest)) {
    why = wish.name + " has a certificate until " + day_text(newest->until) + " (serial " + newest->serial +
          "): renew it, or revoke it first";
    return std::nullopt;
  }
  std::vector<std::string> sans = wish.sans;
  if (sans.empty()) sans.push_back(wish.kind == Kind::client ? wish.name + std::string(kClientDomain) : wish.name);
  return make(wish, std::move(sans), "issued ", why);
}

std::optional<Issued> Authority::renew(const Wish& wish, std::string& why) {
  const Record* const newest = index_.newest(wish.kind, wish.name);
  if (newest == nullptr) {
    why = "no certificate was ever issued to " + wish.name;
    return std::nullopt;
  }
  return make(wish, newest->sans, "renewed ", why);
}

std::optional<std::vector<Record>> Authority::revoke(const std::string& name_or_serial, std::string& why) {
  const std::string serial = plain_serial(name_or_serial);
  Index next = index_;
  std::vector<Record> revoked;
  bool known = false;
  for (Record& each : next.records) {
    if (each.name != name_or_serial && (serial.empty() || each.serial != serial)) continue;
    known = true;
    if (!valid(each)) continue;
    each.revoked = now_;
    revoked.push_back(each);
  }
  if (!known) {
    why = "no certificate has the name or serial number " + name_or_serial;
    return std::nullopt;
  }
  if (revoked.empty()) return revoked; // open() has made the list again that a killed run did not come to
  ++next.revocations;
  // The index first: a list that is older than it is found and made again, one that is newer would be forgotten.
  if (!write_index(next, why)) return std::nullopt;
  index_ = std::move(next);
  if (!write_revocations(why)) return std::nullopt;
  for (const Record& each : revoked)
    if (!audit(all_, "revoked " + words_of(each), now_, why)) return std::nullopt;
  return revoked;
}

} // namespace ledgergate::enrol
