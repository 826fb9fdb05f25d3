#include "client/directory.h"

#include "client/siphash.h"
#include "http/names.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace ledgergate::client {
namespace {

// In which a name may be written.
constexpr std::array kCharsets{http::Charset::strict, http::Charset::windows1250, http::Charset::windows1251};

bool matches(const settings::CertificateMatch& wanted, const PeerCertificate& shown) {
  if (wanted.sha256 && CRYPTO_memcmp(wanted.sha256->data(), shown.sha256.data(), shown.sha256.size()) != 0) return false;
  if (!wanted.subject.empty() && wanted.subject != shown.subject) return false;
  if (wanted.sans.empty()) return true;
  return std::any_of(wanted.sans.begin(), wanted.sans.end(), [&](const std::string& san) {
    return std::find(shown.sans.begin(), shown.sans.end(), san) != shown.sans.end();
  });
}

// The same for the same name as long as the process lives, and nothing that a guesser could work out.
std::size_t place_of(const std::string& user) {
  static const auto kSeed = [] {
    std::array<unsigned char, 32> seed{};
    RAND_bytes(seed.data(), static_cast<int>(seed.size()));
    return seed;
  }();
  Digest out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), kSeed.data(), static_cast<int>(kSeed.size()), reinterpret_cast<const unsigned char*>(user.data()), user.size(),
       out.data(), &size);
  std::size_t place = 0;
  std::memcpy(&place, out.data(), sizeof place);
  return place;
}

std::uint64_t place_of(const Digest& digest) {
  static const auto kKey = [] {
    SipHash::Key key{};
    RAND_bytes(key.data(), static_cast<int>(key.size()));
    return key;
  }();
  SipHash hash(kKey);
  hash.add(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
  return hash.digest();
}

} // namespace

Digest digest_of(std::string_view secret) {
  Digest out{};
  // Without memory nothing is made, and what lies there must not be taken for the digest of anything.
  if (SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), out.data()) == nullptr) throw std::bad_alloc();
  return out;
}

std::shared_ptr<const Directory> Directory::make(const settings::Settings& settings, std::vector<std::string>& errors,
                                                 std::vector<std::string>& warnings) {
  auto made = std::make_shared<Directory>();
  Passwords passwords;
  const std::size_t before = errors.size();
  for (const auto& file : settings.users) read_htpasswd(file, passwords, errors);
  const bool all_read = errors.size() == before; // else nobody knows who stands there
  for (std::size_t i = 0; i < settings.clients.size(); ++i) {
    const settings::Client& client = settings.clients[i];
    if (client.certificate) made->certificates_.emplace_back(i, *client.certificate);
    for (const auto& key : client.api_keys) made->keys_.push_back({place_of(key), key, i});
    if (client.ways() == settings::kAddress)
      for (const Cidr& network : client.from) made->addresses_.emplace_back(network, i);
    if (client.user.empty()) continue;
    const auto known =
        std::find_if(passwords.begin(), passwords.end(), [&](const auto& each) { return each.first == client.user; });
    if (known == passwords.end() && !all_read) continue;
    if (known == passwords.end())
      errors.push_back("client " + client.name + ": no file of `users` has the user " + client.user);
    else
      made->logins_[client.user] = {i, known->second};
  }
  std::stable_sort(made->keys_.begin(), made->keys_.end(), [](const Key& a, const Key& b) { return a.place < b.place; });
  for (const auto& [user, hash] : passwords)
    for (const auto charset : kCharsets) made->names_.insert(http::loose_name(user, charset));
  made->names_.erase("");
  for (const auto& [user, hash] : passwords)
    if (made->logins_.find(user) == made->logins_.end())
      warnings.push_back("user " + user + ": no client has this user, so nobody can log in by it");
  for (const auto& [user, login] : made->logins_) made->nobodys_.push_back(hash_of_nothing(login.hash));
  std::stable_sort(made->addresses_.begin(), made->addresses_.end(),
                   [](const auto& a, const auto& b) { return a.first.prefix > b.first.prefix; });
  if (errors.size() != before) return nullptr;
  return made;
}

std::optional<std::size_t> Directory::by_certificate(const PeerCertificate& certificate) const {
  std::optional<std::size_t> found;
  for (const auto& [client, wanted] : certificates_) {
    if (!matches(wanted, certificate)) continue;
    if (found) return std::nullopt;
    found = client;
  }
  return found;
}

std::optional<std::size_t> Directory::by_key(const Digest& digest) const {
  const std::uint64_t place = place_of(digest);
  std::optional<std::size_t> found;
  for (auto at = std::lower_bound(keys_.begin(), keys_.end(), place, [](const Key&a, std::uint64_t b) { return a.place < b; });
       at != keys_.end() && at->place == place; ++at)
    if (CRYPTO_memcmp(at->digest.data(), digest.data(), digest.size()) == 0) found = at->client;
  return found;
}

bool Directory::has_user(std::string_view user) const {
  return !names_.empty() && std::any_of(kCharsets.begin(), kCharsets.end(),
                                        [&](http::Charset charset) { return names_.contains(http::loose_name(user, charset)); });
}

std::optional<std::size_t> Directory::by_address(const IpAddress& ip) const {
  for (const auto& [network, client] : addresses_)
    if (network.contains(ip)) return client;
  return std::nullopt;
}

Directory::Account Directory::by_user(const std::string& user) const {
  if (logins_.empty()) return {};
  const auto found = logins_.find(user);
  if (found == logins_.end()) return {std::nullopt, &nobodys_[place_of(user) % nobodys_.size()]};
  return {found->second.client, &found->second.hash};
}

} // namespace ledgergate::client
