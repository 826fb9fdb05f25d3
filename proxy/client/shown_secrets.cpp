#include "client/shown_secrets.h"

#include "http/base64.h"
#include "http/chars.h"
#include "http/head.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>

namespace ledgergate::client {
namespace {

using http::in_base64;

using namespace std::string_view_literals;

constexpr std::string_view kAround = " \t\r\n\v\f\"'<>\0"sv;                  // of a part
constexpr std::string_view kBetween = " \t,;&";                               // parts
constexpr std::string_view kBetweenAny = " \t\r\n\v\f\0,;&\"'`<>()[]{}|\\"sv; // parts of a pair each, in any text
constexpr int kMostInPair = 4;                                                // parts that colons make of a pair

// Wiped when it goes.
struct Plain {
  std::string text;
  Plain() = default;
  ~Plain() { OPENSSL_cleanse(text.data(), text.size()); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
};

std::string_view bare(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) + 1 - first);
}

// Letters of words: keys are written in those of base64, of base64url or UUIDs, or of hex.
bool in_token(char c) noexcept { return in_base64(c) || c == '-' || c == '_' || c == '.' || c == '~'; } // RFC 9110 section 11.2
bool in_name(char c) noexcept { return (in_base64(c) && c != '+' && c != '/') || c == '-' || c == '_'; }
bool in_number(char c) noexcept { return in_base64(c) && c != '+' && c != '/'; }

// As decoders do that mind nothing.
bool decode_base64(std::string_view token, std::string& out) {
  Plain clean;
  http::append_letters_of_base64(token, clean.text);
  clean.text.append((4 - clean.text.size() % 4) % 4, '=');
  out.reserve(clean.text.size());
  return http::decode_base64(clean.text, out);
}

// As decoders do that leave a '%' alone which begins nothing. False: nothing was encoded.
bool decode_percent(std::string_view text, std::string& out) {
  bool any = false;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() && http::is(text[i + 1], http::hex_byte) && http::is(text[i + 2], http::hex_byte);
    out += encoded ? static_cast<char>(http::hex_value(text[i + 1]) << 4U | http::hex_value(text[i + 2])) : text[i];
    if (encoded) i += 2;
    any = any || encoded;
  }
  return any;
}

// What is not is some bytes that happened to decode, and has no parts.
bool is_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\0' || (c >= '\t' && c <= '\r'); });
}

// Takes the next word of letters that are `in` from `text`. Empty: there is none.
template <class In>
std::string_view take_word(std::string_view& text, const In& in) {
  const auto* const begin = std::find_if(text.begin(), text.end(), in);
  const auto* const end = std::find_if_not(begin, text.end(), in);
  const std::string_view word = text.substr(static_cast<std::size_t>(begin - text.begin()), static_cast<std::size_t>(end - begin));
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return word;
}

} // namespace

bool takes_credentials(std::string_view name) noexcept {
  const auto holds_at = [name](std::size_t at, std::string_view word) { return http::iequals(name.substr(at, word.size()), word); };
  for (std::size_t at = 0; at + 2 < name.size(); ++at) {
    switch (http::lower(name[at])) {
    case 'a':
      if (holds_at(at, "auth")) return true;
      break;
    case 'c':
      if (holds_at(at, "cookie") || holds_at(at, "cred")) return true;
      break;
    case 'k':
      if (holds_at(at, "key")) return true;
      break;
    case 'l':
      if (holds_at(at, "login")) return true;
      break;
    case 'p':
      if (holds_at(at, "pass") || holds_at(at, "pwd")) return true;
      break;
    case 's':
      if (holds_at(at, "secret") || holds_at(at, "session")) return true;
      break;
    case 't':
      if (holds_at(at, "token")) return true;
      break;
    default: break;
    }
  }
  return false;
}

bool SecretSearch::spend(std::size_t bytes) noexcept {
  const std::size_t steps = 1 + bytes / 64;
  left_ -= std::min(left_, steps);
  return left_ != 0;
}

bool SecretSearch::shows(std::string_view value, int layers) {
  value = bare(value);
  if (value.empty()) return false;
  if (part_shows(value, layers)) return true;
  const std::size_t blank = value.find_first_of(kBetween);
  if (blank != std::string_view::npos) {
    const std::string_view behind = bare(value.substr(blank));
    if (part_shows(behind, layers)) return true;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find_first_of(kBetween), rest.size());
      const std::string_view each = bare(rest.substr(0, end));
      if (each != behind && part_shows(each, layers)) return true;
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }
  // The same by all that may stand between.
  if (value.find_first_of(kBetweenAny) != std::string_view::npos) {
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find_first_of(kBetweenAny), rest.size());
      if (part_shows(rest.substr(0, end), 0)) return true;
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }
  return words_show(value, value, layers);
}

// `token="…"`, `token:…`, percent-encoded.
bool SecretSearch::part_shows(std::string_view part, int layers) {
  part = bare(part);
  if (part.empty()) return false;
  if (is_secret(part, layers)) return true;
  for (const char mark : {'=', ':'}) {
    const std::size_t at = part.find(mark);
    if (at != std::string_view::npos && is_secret(bare(part.substr(at + 1)), layers)) return true;
  }
  if (layers == 0 || part.find('%') == std::string_view::npos) return false;
  Plain plain;
  return decode_percent(part, plain.text) && shows(plain.text, layers - 1);
}

// Each word of the text, without what pads it, too. `known` has been looked at.
bool SecretSearch::words_show(std::string_view text, std::string_view known, int layers) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view token = take_word(rest, in_token);
    if (token.empty()) return false;
    const std::size_t padding = std::min<std::size_t>(std::min(rest.find_first_not_of('='), rest.size()), 2);
    if (padding != 0 && is_key({token.data(), token.size() + padding})) return true;
    if (token != known && is_secret(token, layers)) return true;
    for (std::string_view names = token; !names.empty();) {
      const std::string_view name = take_word(names, in_name);
      if (name.size() != token.size() && is_key(name)) return true;
      for (std::string_view numbers = name; !numbers.empty();) {
        const std::string_view number = take_word(numbers, in_number);
        if (number.size() != name.size() && is_key(number)) return true;
      }
    }
  }
  return false;
}

// A key, `user:password`, or what holds either in base64.
bool SecretSearch::is_secret(std::string_view text, int layers) {
  if (text.empty()) return false;
  if (holds_secret(text)) return true;
  if (layers == 0 || text.size() < 4) return false;
  Plain inside;
  if (!decode_base64(text, inside.text)) return false;
  return is_text(inside.text) ? shows(inside.text, layers - 1) : holds_secret(inside.text);
}

// `user:password`, where either may be a key, or a key alone.
bool SecretSearch::holds_secret(std::string_view pair) {
  const std::string_view all = bare(pair);
  if (is_key(all)) return true;
  const std::size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return false;
  if (users_ && (!spend(9 * colon) || is_user(pair.substr(0, colon)))) return true; // in three character sets, three ways
  std::string_view rest = all;
  for (int part = 0; part < kMostInPair && !rest.empty(); ++part) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (is_key(bare(rest.substr(0, end)))) return true;
    rest.remove_prefix(std::min(rest.size(), end + 1));
    if (is_key(bare(rest))) return true;
  }
  return false;
}

bool SecretSearch::is_key(std::string_view text) {
  if (text.empty()) return false;
  return !spend(text.size()) || directory_.by_key(digest_of(text)).has_value();
}

// With a domain, too: `FIRMA\novakova`, `novakova@firma`.
bool SecretSearch::is_user(std::string_view name) const {
  return directory_.has_user(name) || directory_.has_user(name.substr(name.rfind('\\') + 1)) ||
         directory_.has_user(name.substr(0, name.find('@')));
}

} // namespace ledgergate::client
