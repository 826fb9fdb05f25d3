// What mServer's /status says of itself (docs/vendors.md, mServer). Tolerant: builds differ, and some answer in plain text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::inspect {

enum class Business : std::uint8_t { unknown, idle, working };

// Empty where the reply does not say it. Texts are UTF-8, at most 256 bytes each.
struct ServerStatus {
  Business business = Business::unknown;
  std::optional<std::uint32_t> processing; // requests at the server, the one at work included
  std::string name;
  std::string server;   // its LAN address: never for a caller's eyes
  std::string company;  // these with /status?companyDetail only
  std::string database; // databaseName
  std::string year;
  std::string period;
};

// `body` without Content-Encoding; `content_type` as the reply has it, or empty. Never fails: what can't be read says nothing.
[[nodiscard]] ServerStatus read_status(std::string_view body, std::string_view content_type) noexcept;

} // namespace ledgergate::inspect
