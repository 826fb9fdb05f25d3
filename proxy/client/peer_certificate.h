// What a caller's certificate says, once its chain is verified. Read at the handshake (listen/), matched here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ledgergate::client {

struct PeerCertificate {
  std::string subject;                   // RFC 2253
  std::vector<std::string> sans;         // dNSName (lower case), rfc822Name, URI, iPAddress as text
  std::array<std::uint8_t, 32> sha256{}; // of the DER
  std::string serial;                    // hex, upper case
  std::string issuer;                    // RFC 2253
  std::int64_t valid_until = INT64_MAX;  // notAfter, in unix seconds
};

} // namespace ledgergate::client
