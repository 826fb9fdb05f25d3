// Who may come in: clients, what proves them, what they may do, and how much of it. Part of the settings snapshot: see settings.h
// for its invariants.
#pragma once

#include "base/address.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::settings {

enum class TurnClass : std::uint8_t;

// Ways to prove who calls; a set is a sum of them.
using Proofs = std::uint8_t;
inline constexpr Proofs kNoProof = 0;
inline constexpr Proofs kCertificate = 1; // a client certificate of the listener's client_ca
inline constexpr Proofs kApiKey = 2;      // X-Edge-Key, or the password of Basic
inline constexpr Proofs kPassword = 4;    // Basic against an htpasswd file
inline constexpr Proofs kAddress = 8;     // `from` alone

// So much in so long a time; `burst` at once. `amount` 0: no bound.
struct Rate {
  std::uint64_t amount = 0;
  std::chrono::milliseconds per{1000};
  std::uint64_t burst = 0;
  bool operator==(const Rate&) const = default;
};

struct RateLimits {
  Rate requests;
  Rate bytes_in, bytes_out;      // body bytes
  Rate handshakes;               // new TLS handshakes (not resumed ones); of an address only
  std::uint32_t concurrent = 0;  // requests at once; 0: no bound
  std::uint32_t connections = 0; // connections at once; 0: no bound
  [[nodiscard]] bool any() const { return *this != RateLimits{}; }
  // Whether there is one that each request is judged by.
  [[nodiscard]] bool of_requests() const noexcept {
    return requests.amount != 0 || bytes_in.amount != 0 || bytes_out.amount != 0 || concurrent != 0;
  }
  bool operator==(const RateLimits&) const = default;
};

// What a client's certificate must say; all that is given must hold.
struct CertificateMatch {
  std::vector<std::string> sans;                      // one of these: dNSName (lower case), rfc822Name or URI
  std::string subject;                                // RFC 2253 text; empty: any
  std::optional<std::array<std::uint8_t, 32>> sha256; // of the DER
};

struct Client {
  std::string name;
  std::optional<CertificateMatch> certificate;
  std::vector<std::array<std::uint8_t, 32>> api_keys; // SHA-256 of the key; more than one while it is rotated
  std::string user;                                   // in the htpasswd files; empty: none
  std::vector<Cidr> from;                             // empty: anywhere
  bool all = false;                                   // `prove: all`: every way that is listed, not any one of them
  bool disabled = false;
  std::optional<std::int64_t> valid_from, valid_until; // unix seconds, until is exclusive
  std::optional<TurnClass> turn_class;                 // before the route's
  std::vector<std::string> operations;                 // as on a route; both must allow. Empty: what the route allows
  RateLimits limits;
  std::vector<std::pair<std::size_t, std::string>> credentials; // server -> file, before the route's and the server's
  // The ways that are listed.
  [[nodiscard]] Proofs ways() const {
    Proofs listed = kNoProof;
    if (certificate) listed |= kCertificate;
    if (!api_keys.empty()) listed |= kApiKey;
    if (!user.empty()) listed |= kPassword;
    if (listed == kNoProof && !from.empty()) listed = kAddress;
    return listed;
  }
};

// Failed logins, per (address, account), and of an address over all accounts. Each further ban is twice as long, up to `longest`;
// it ends by itself.
inline constexpr std::uint32_t kAddressFailures = 5; // times `failures`
struct Lockout {
  bool enabled = true;
  std::uint32_t failures = 10;
  std::uint32_t address_failures = 0; // 0: kAddressFailures times as many
  std::chrono::milliseconds within{10 * 60'000};
  std::chrono::milliseconds ban{60'000};
  std::chrono::milliseconds longest{24 * 3'600'000};
};

struct ClientTable { // bounds of what is remembered of addresses and clients
  std::uint32_t entries = 65'536;
};

} // namespace ledgergate::settings
