// Who is who: the settings' clients, found by what they show. Made at load, immutable, shared by all workers.
#pragma once

#include "base/address.h"
#include "client/htpasswd.h"
#include "client/peer_certificate.h"
#include "settings/settings.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::client {

using Digest = std::array<std::uint8_t, 32>;

class Directory {
public:
  // Reads the htpasswd files. Null when something is wrong; `errors` says what. A user that no client names is a warning.
  static std::shared_ptr<const Directory> make(const settings::Settings& settings, std::vector<std::string>& errors,
                                               std::vector<std::string>& warnings);

  // Indexes into Settings::clients. A certificate that would be more than one client's is nobody's.
  [[nodiscard]] std::optional<std::size_t> by_certificate(const PeerCertificate& certificate) const;
  // By the digest of the key that was shown. Its time tells nothing: where it is looked for is not the guesser's to foresee.
  [[nodiscard]] std::optional<std::size_t> by_key(const Digest& digest) const;
  // The client that is known by its address alone.
  [[nodiscard]] std::optional<std::size_t> by_address(const IpAddress& ip) const;
  struct Account {
    std::optional<std::size_t> client; // none: the hash is nobody's
    const std::string* hash = nullptr; // null: no passwords are known at all
  };
  // Always a hash to verify against, so that an unknown user costs as much as a wrong password: of a kind that some user's hash
  // has, and of the same for each name that is tried again.
  [[nodiscard]] Account by_user(const std::string& user) const;
  // Whether there is a user or a key at all; and whether the `users` files have this name, with whatever password, also where no
  // client has it, and in whatever case and character set it is written.
  [[nodiscard]] bool has_secrets() const noexcept { return !names_.empty() || !keys_.empty(); }
  [[nodiscard]] bool has_user(std::string_view user) const;

private:
  struct Key {
    std::uint64_t place; // a keyed hash of the digest, by which they are in order
    Digest digest;
    std::size_t client;
  };
  std::vector<Key> keys_;
  std::set<std::string, std::less<>> names_; // http::loose_name()
  struct Login {
    std::size_t client;
    std::string hash;
  };
  std::map<std::string, Login, std::less<>> logins_;
  std::vector<std::string> nobodys_; // of every kind and cost that the users' hashes have, as often as they have it
  std::vector<std::pair<std::size_t, settings::CertificateMatch>> certificates_;
  std::vector<std::pair<Cidr, std::size_t>> addresses_; // longest prefix first
};

// SHA-256. Throws std::bad_alloc.
[[nodiscard]] Digest digest_of(std::string_view secret);

} // namespace ledgergate::client
