// WWW-Authenticate: what a server calls itself in a realm is for people, and is to be the name that they know.
#include "http/chars.h"
#include "route/reply_fields.h"
#include "route/server_names.h"
#include "route/text.h"

#include <algorithm>

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kBefore = "(<'[", kBehind = ").,;:!?>'";

// A word of a realm. A bare name, without a dot, is one of the server's only where it is all that the realm says: as one word among
// others it may be anything.
void append_word(const Facts& facts, std::string_view word, bool alone, std::string& out) {
  if (word.find("://") != npos) return append_location(facts, word, out);
  const bool name = alone || word.find_first_of(".:") != npos;
  if (!name || !names_servers_host(facts, word)) {
    out += word;
    return;
  }
  append_known_authority(facts, out);
}

void append_realm(const Facts& facts, std::string_view realm, std::string& out) {
  const bool alone = realm.find(' ') == npos;
  for (std::size_t at = 0; at <= realm.size();) {
    const auto end = std::min(realm.find(' ', at), realm.size());
    std::string_view word = realm.substr(at, end - at), behind;
    if (!names_servers_host(facts, word)) { // "[::1]" has its brackets for itself
      while (!word.empty() && kBefore.find(word.front()) != npos) {
        out += word.front();
        word.remove_prefix(1);
      }
      const auto last = word.find_last_not_of(kBehind);
      behind = word.substr(last == npos ? 0 : last + 1);
      word.remove_suffix(behind.size());
    }
    append_word(facts, word, alone, out);
    out += behind;
    if (end < realm.size()) out += ' ';
    at = end + 1;
  }
}

// The value of a parameter that begins at `at`, which moves behind it.
void append_value(const Facts& facts, bool mapped, std::string_view text, std::size_t& at, std::string& out) {
  const auto start = at;
  if (at < text.size() && text[at] == '"') {
    at = behind_quoted(text, at);
    const bool closed = at - start > 1 && text[at - 1] == '"';
    const auto inner = text.substr(start + 1, at - start - 1 - (closed ? 1 : 0));
    if (mapped && closed && inner.find('\\') == npos) {
      out += '"';
      append_realm(facts, inner, out);
      out += '"';
      return;
    }
  } else {
    at = std::min(text.find_first_of(", \t\"", at), text.size());
    if (mapped) return append_realm(facts, text.substr(start, at - start), out);
  }
  out += text.substr(start, at - start);
}

} // namespace

// RFC 9110 section 11.6.1. A word that no '=' follows is a scheme; what follows a scheme is its parameters, or a token68, which has
// '=' at its end only.
void append_challenges(const Facts& facts, std::string_view value, std::string& out) {
  bool digest = false;
  for (std::size_t at = 0; at < value.size();) {
    if (!http::is(value[at], http::token_byte)) {
      const auto end = value[at] == '"' ? behind_quoted(value, at) : at + 1;
      out += value.substr(at, end - at);
      at = end;
      continue;
    }
    auto end = at;
    while (end < value.size() && http::is(value[end], http::token_byte)) ++end;
    const auto word = value.substr(at, end - at);
    const auto equals = std::min(value.find_first_not_of(" \t", end), value.size());
    if (equals == value.size() || value[equals] != '=') {
      digest = http::iequals(word, "Digest");
      out += word;
      at = end;
      continue;
    }
    auto begin = std::min(value.find_first_not_of(" \t", equals + 1), value.size());
    out += value.substr(at, begin - at);
    // RFC 7616 section 3.4.2: both sides make the digest with the realm, so that it must be one.
    append_value(facts, !digest && http::iequals(word, "realm"), value, begin, out);
    at = begin;
  }
}

} // namespace ledgergate::route
