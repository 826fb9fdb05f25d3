// The small writers of a head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::route {

void append_number(std::uint64_t number, std::string& out);
// Without the control characters: what comes from settings and variables can't end a field and begin another.
void append_clean(std::string_view text, std::string& out);
// A target as it came, as a URI may hold it (RFC 3986 section 2): bytes from 0x80 and '\' percent-encoded.
void append_uri(std::string_view target, std::string& out);
// "name: value" and the line's end; both come from a parsed head or from us.
void append_field(std::string_view name, std::string_view value, std::string& out);

} // namespace ledgergate::route
