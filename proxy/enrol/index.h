// What a CA has issued: a text file, one line a certificate, that is replaced as a whole. Pure.
//
// Invariants: serial numbers are unique; a record is never taken out, and a revoked one never becomes valid again. `revocations`
// counts the revocation lists: the list whose number it is tells exactly what stands here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::enrol {

enum class Kind : std::uint8_t { client, server };

struct Record {
  std::string serial; // hex, capital letters
  Kind kind = Kind::client;
  std::string name;
  std::int64_t issued = 0, until = 0; // unix seconds; `until` is the last second it is valid
  std::optional<std::int64_t> revoked;
  std::vector<std::string> sans; // "till.branch.internal", "192.0.2.1", "a@b.cz", "urn:x:y"
};

struct Index {
  std::uint64_t revocations = 0;
  std::vector<Record> records; // oldest first

  [[nodiscard]] const Record* newest(Kind kind, std::string_view name) const;
  [[nodiscard]] bool has_serial(std::string_view serial) const;
};

[[nodiscard]] std::string index_text(const Index& index);
// None when the text is no index; `why` names the line.
[[nodiscard]] std::optional<Index> parse_index(std::string_view text, std::string& why);

// "8F:0a…" -> "8F0A…"; empty when it is no hex number.
[[nodiscard]] std::string plain_serial(std::string_view text);
// Why a name can't be a client's; "" when it can. It becomes a file's name, a common name and part of a DNS name.
[[nodiscard]] std::string name_mistake(std::string_view name);
// Why this can't stand in a certificate as a name; "" when it can: DNS name (with `*.` before a server's), address, e-mail, URI.
[[nodiscard]] std::string san_mistake(std::string_view san);

} // namespace ledgergate::enrol
