#include "http/query.h"

#include "http/chars.h"

namespace ledgergate::http {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3 || !is(text[i + 1], hex_byte) || !is(text[i + 2], hex_byte)) return std::nullopt;
    out += static_cast<char>(hex_value(text[i + 1]) << 4U | hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

} // namespace ledgergate::http
