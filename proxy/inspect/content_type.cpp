#include "inspect/content_type.h"

#include "http/chars.h"
#include "http/head.h"

#include <cstddef>

namespace ledgergate::inspect {
namespace {

using http::is;
using http::token_byte;

constexpr std::string_view kWord = "charset";
constexpr Error kNoMediaType{Cause::body_unreadable, "the Content-Type is no media type"};

// Takes a token off the front; empty: there is none.
std::string_view take_token(std::string_view& rest) noexcept {
  std::size_t size = 0;
  while (size < rest.size() && is(rest[size], token_byte)) ++size;
  const std::string_view token = rest.substr(0, size);
  rest.remove_prefix(size);
  return token;
}

bool take(std::string_view& rest, char wanted) noexcept {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& rest) noexcept {
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

struct Value {
  std::string_view text; // without the quotes
  bool good = false;
  bool escaped = false; // a quoted pair is in it: `text` is not what it means
};

// parameter-value: a token, or a quoted string (RFC 9110 section 5.6.4).
Value take_value(std::string_view& rest) noexcept {
  Value out;
  if (!take(rest, '"')) {
    out.text = take_token(rest);
    out.good = !out.text.empty();
    return out;
  }
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == '\\') {
      out.escaped = true;
      if (++at == rest.size()) break;
    } else if (rest[at] == '"') {
      out.text = rest.substr(0, at);
      out.good = true;
      rest.remove_prefix(at + 1);
      break;
    }
  }
  return out;
}

std::size_t count_words(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at + kWord.size() <= text.size(); ++at)
    if (http::iequals(text.substr(at, kWord.size()), kWord)) ++count;
  return count;
}

} // namespace

Result<std::string_view> strict_charset(std::string_view content_type) noexcept {
  std::string_view rest = http::trim(content_type);
  if (rest.empty()) return std::string_view();
  if (take_token(rest).empty() || !take(rest, '/') || take_token(rest).empty()) return kNoMediaType;
  std::string_view charset;
  bool given = false;
  while (!rest.empty()) {
    skip_blanks(rest);
    if (!take(rest, ';')) return kNoMediaType;
    skip_blanks(rest);
    if (rest.empty() || rest.front() == ';') continue; // an empty parameter
    const std::string_view name = take_token(rest);
    if (name.empty() || !take(rest, '=')) return kNoMediaType;
    const Value value = take_value(rest);
    if (!value.good) return kNoMediaType;
    if (!http::iequals(name, kWord)) continue;
    if (given) return Error{Cause::body_unreadable, "the Content-Type has more than one charset"};
    if (value.escaped || value.text.empty()) return Error{Cause::body_unreadable, "the charset of the Content-Type is not known"};
    given = true;
    charset = value.text;
  }
  if (count_words(content_type) != (given ? 1U : 0U))
    return Error{Cause::body_unreadable, "the charset of the Content-Type reads in two ways"};
  return charset;
}

} // namespace ledgergate::inspect
