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
constexpr const char* kKeyFile = "ca.key";

std::string words_of(const Record& record) {
  return std::string(record.kind == Kind::client ? "client=" : "server=") + record.name + " serial=" + record.serial;
}

// Another name whose certificate and key lie in the same file: it stands for `*`, `:` and `/` with `_`.
const Record* owner_of_file(const Index& index, const Wish& wish) {
  const std::string file = file_of(wish.kind, wish.name, "");
  const auto& all = index.records;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Record& each) {
    return each.kind == wish.kind && each.name != wish.name && file_of(each.kind, each.name, "") == file;
  });
  return found != all.end() ? &*found : nullptr;
}

} // namespace

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
  Audit audit(*all);
  if (why = audit.trouble(); !why.empty()) return false;
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
  audit.note("made authority until=" + day_text(now + days * kDay), now);
  why = audit.trouble();
  return true;
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
  if (!authority.put_list_right(why)) return std::nullopt;
  return authority;
}

bool Authority::write_index(const Index& index, std::string& why) {
  return secret_.write(kIndexFile, index_text(index), kSecretFile, why);
}

std::optional<Issued> Authority::make(const Wish& wish, std::vector<std::string> sans, const char* deed, std::string& why) {
  if (why = audit_.trouble(); !why.empty()) return std::nullopt;
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
  audit_.note(deed + words_of(record) + " until=" + day_text(record.until), now_); // it is in the index: whatever fails below
  const auto given_up = [&] {
    why += "; the certificate " + record.serial + " stands in the index all the same: ledgergate cert revoke " + record.serial +
           ", and then once more";
    return std::nullopt;
  };
  const Secret key_text = pem(key.get());
  // A server's with the CA's own: callers who have the root need it not, and `check` sees that no CA between them is missing.
  const std::string above = wish.kind == Kind::server ? pem(certificate_.get()) : "";
  const Secret both(pem(certificate.get()) + above + key_text.text());
  const std::string file = file_of(wish.kind, wish.name, ".pem"), bundle_file = file_of(wish.kind, wish.name, ".p12");
  issued.file = secret_.path() / file;
  if (!secret_.write(file, both.text(), kSecretFile, why)) return given_up();
  if (wish.bundle) {
    issued.bundle = secret_.path() / bundle_file;
    if (!secret_.write(bundle_file, bundle.text(), kSecretFile, why)) return given_up();
  } else if (!secret_.remove(bundle_file, why)) { // of the certificate before: it would be taken for this one's
    return given_up();
  }
  return issued;
}

std::optional<Issued> Authority::issue(const Wish& wish, std::string& why) {
  const auto& all = index_.records;
  const auto still = std::find_if(all.rbegin(), all.rend(), [&](const Record& each) {
    return each.kind == wish.kind && each.name == wish.name && valid(each);
  });
  if (still != all.rend()) {
    why = wish.name + " has a certificate until " + day_text(still->until) + " (serial " + still->serial +
          "): renew it, or revoke it first";
    return std::nullopt;
  }
  if (const Record* const other = owner_of_file(index_, wish); other != nullptr) {
    why = wish.name + ": its certificate and key would overwrite those of " + other->name + ": choose another name";
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

std::optional<std::vector<Record>> Authority::revoke(Kind kind, const std::string& name_or_serial, std::string& why) {
  const std::string serial = plain_serial(name_or_serial);
  Index next = index_;
  std::vector<Record> revoked;
  bool known = false, other_kind = false;
  for (Record& each : next.records) {
    const bool named = each.name == name_or_serial;
    other_kind = other_kind || (named && each.kind != kind);
    if (!(named && each.kind == kind) && (serial.empty() || each.serial != serial)) continue;
    known = true;
    if (each.revoked) continue;
    each.revoked = now_;
    revoked.push_back(each);
  }
  if (!known) {
    why = "no certificate has the name or serial number " + name_or_serial;
    if (other_kind)
      why = name_or_serial + (kind == Kind::client ? " is the name of a server's certificate: say so with --server"
                                                   : " is the name of a client's certificate: leave --server out");
    return std::nullopt;
  }
  if (revoked.empty()) return revoked; // open() has made the list again that a killed run did not come to
  return publish(std::move(next), std::move(revoked), why);
}

std::optional<std::vector<Record>> Authority::revoke_unheard_of(const std::string& text, std::string& why) {
  const std::string serial = plain_serial(text);
  if (serial.size() != kSerialDigits || serial.front() < '8') {
    why =
        text + " is no serial number of this CA: these have " + std::to_string(kSerialDigits) + " hex digits, the first from 8 on";
    return std::nullopt;
  }
  if (index_.has_serial(serial)) return revoke(Kind::client, serial, why);
  Index next = index_;
  next.records.push_back(unheard_of(serial, now_, valid_until(certificate_.get())));
  std::vector<Record> revoked{next.records.back()};
  return publish(std::move(next), std::move(revoked), why);
}

std::optional<std::vector<Record>> Authority::publish(Index next, std::vector<Record> revoked, std::string& why) {
  ++next.revocations;
  // The index first: a list that is older than it is found and made again.
  if (!write_index(next, why)) return std::nullopt;
  index_ = std::move(next);
  for (const Record& each : revoked)
    audit_.note("revoked " + words_of(each) + " until=" + day_text(each.until) + " list=" + std::to_string(index_.revocations),
                now_);
  if (write_revocations(why)) return revoked;
  why += "; it stands in the index as revoked, and no edge knows of it yet: when crl.pem can be written, ledgergate cert crl "
         "makes it";
  return std::nullopt;
}

} // namespace ledgergate::enrol
