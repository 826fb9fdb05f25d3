// What audit.log says of certificates, read again: an index that was restored from a copy does not know what came behind it. Pure.
#pragma once

#include "enrol/index.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::enrol {

struct AuditLine {
  bool revoked = false; // else issued or renewed
  Kind kind = Kind::client;
  std::string name;       // good for an index; empty: the index did not know it either
  std::string serial;     // as in the index
  std::int64_t when = 0;  // unix seconds
  std::int64_t until = 0; // the end of its last day, unix seconds; 0: the line says none
  std::uint64_t list = 0; // the number of the list that it came on; 0: the line says none
};

// The lines that say what was issued, renewed and revoked by the CA that is there now: behind the last "made authority". Any other
// line, and one that is not whole, is left out.
[[nodiscard]] std::vector<AuditLine> read_audit(std::string_view text);

} // namespace ledgergate::enrol
