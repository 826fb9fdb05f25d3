// Content codings by name: what a message has, what its reader takes (RFC 9110 sections 8.4.1 and 12.5.3). Pure.
#pragma once

#include "http/head.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ledgergate::http {

enum class Coding : std::uint8_t {
  identity, // none
  gzip,     // RFC 1952
  deflate,  // RFC 1950 (zlib's wrapper), whatever the name says
};

[[nodiscard]] std::string_view to_string(Coding coding) noexcept;

// What Content-Encoding says, over all its lines. Nothing: a coding that is not known here, or more than one.
[[nodiscard]] std::optional<Coding> content_coding(const std::vector<Field>& fields) noexcept;

// Whether a field of that name describes the bytes as they came, and not what is left without the coding (RFC 9110 section 8.4,
// RFC 9530, RFC 3230, RFC 1864).
[[nodiscard]] bool speaks_of_coded_bytes(std::string_view name) noexcept;

// The coding that the sender of a request with these fields likes best; gzip where it does not care. identity when it said nothing,
// likes that best, or takes none of ours (then identity;q=0 can't be honoured either, and a plain reply is better than none).
[[nodiscard]] Coding preferred_coding(const std::vector<Field>& fields) noexcept;

// Whether a field holds that member in a comma-separated list, in any of its lines ("Cache-Control", "no-transform").
[[nodiscard]] bool lists(const std::vector<Field>& fields, std::string_view name, std::string_view member) noexcept;

} // namespace ledgergate::http
