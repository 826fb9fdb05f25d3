#include "base/uuid.h"

#include <algorithm>

namespace ledgergate {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_urn(std::string_view text) {
  constexpr std::string_view urn = "urn:uuid:"; // RFC 9562 section 4; the scheme is without regard to case (RFC 8141 section 3.1)
  return text.size() >= urn.size() &&
         std::equal(urn.begin(), urn.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

} // namespace

std::optional<std::string> normalise_uuid(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (starts_with_urn(text)) text.remove_prefix(9);
  if (text.size() >= 2 && ((text.front() == '{' && text.back() == '}') || (text.front() == '(' && text.back() == ')')))
    text = text.substr(1, text.size() - 2);
  if (text.empty() || text.front() == '-' || text.back() == '-') return std::nullopt;

  constexpr std::size_t digits = 32;
  std::string out;
  std::size_t count = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const char low = lower(c);
    const bool hex = (low >= '0' && low <= '9') || (low >= 'a' && low <= 'f');
    if (!hex || count == digits) return std::nullopt;
    if (count == 8 || count == 12 || count == 16 || count == 20) out += '-';
    out += low;
    ++count;
  }
  if (count != digits) return std::nullopt;
  return out;
}

} // namespace ledgergate
