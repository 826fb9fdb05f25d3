// The edge's own users and keys are not for the LAN. A program that has been given one sends it with each request, also to a route
// that asks for no login, or for a certificate alone, and in a field or a form that the edge reads nothing of; there nobody looks
// at it, and it would go on to the server in clear.
//
// A key is found by the digest of each part of a value that could be one; a user by its name, whatever the password: yesterday's
// tells a good deal of today's. More is read than a login may be, since it is as secret.
#include "client/directory.h"
#include "http/base64.h"
#include "http/chars.h"
#include "http/query.h"
#include "profile/credentials.h"
#include "route/field_names.h"
#include "story.h"
#include "worker.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ledgergate {
namespace {

constexpr std::string_view kAround = " \t\r\n\v\f\"'<>"; // of a part
constexpr std::string_view kBetween = " \t,;&";          // parts
constexpr int kMostParts = 128;                          // that a value is divided into
constexpr int kMostInPair = 4;                           // the same, of what base64 holds

// Wiped when it goes.
struct Secret {
  std::string text;
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

std::string_view bare(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) + 1 - first);
}

bool is_key(const client::Directory& directory, std::string_view text) {
  return !text.empty() && directory.by_key(client::digest_of(text)).has_value();
}

bool in_base64(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// As decoders do that mind neither padding nor alphabet, and pass over what is no base64 (PHP's).
bool decode(std::string_view token, std::string& out) {
  Secret clean;
  clean.text.reserve(token.size() + 4);
  for (const char c : token) {
    const char plain = c == '-' ? '+' : c == '_' ? '/' : c;
    if (in_base64(plain)) clean.text += plain;
  }
  if (clean.text.size() % 4 == 1) clean.text.pop_back();
  clean.text.append((4 - clean.text.size() % 4) % 4, '=');
  out.reserve(clean.text.size());
  return http::decode_base64(clean.text, out);
}

// What values are looked at for. `users`: whether names of users count, or keys alone.
class Look {
public:
  Look(const client::Directory& directory, bool users) : directory_(directory), users_(users) {}

  // The value as it stands, what follows its scheme, and each part of it.
  [[nodiscard]] bool shows_secret(std::string_view value) const {
    value = bare(value);
    if (is_part_secret(value)) return true;
    const std::size_t blank = value.find_first_of(kBetween);
    const std::string_view behind = blank == std::string_view::npos ? value : bare(value.substr(blank));
    if (blank != std::string_view::npos && is_part_secret(behind)) return true;
    for (int part = 0; part < kMostParts && !value.empty(); ++part) {
      const std::size_t end = std::min(value.find_first_of(kBetween), value.size());
      const std::string_view each = value.substr(0, end);
      if (each != behind && is_part_secret(each)) return true;
      value.remove_prefix(std::min(value.size(), end + 1));
    }
    return false;
  }

private:
  // `token="…"`, `token:…`, percent-encoded.
  [[nodiscard]] bool is_part_secret(std::string_view part) const {
    part = bare(part);
    if (part.empty()) return false;
    if (is_secret(part)) return true;
    for (const char mark : {'=', ':'}) {
      const std::size_t at = part.find(mark);
      if (at != std::string_view::npos && is_secret(bare(part.substr(at + 1)))) return true;
    }
    if (part.find('%') == std::string_view::npos) return false;
    auto plain = http::percent_decoded(part);
    const bool found = plain && is_secret(bare(*plain));
    if (plain) OPENSSL_cleanse(plain->data(), plain->size());
    return found;
  }

  // A key, `user:password`, or base64 of either, once or twice.
  [[nodiscard]] bool is_secret(std::string_view text, int rounds = 2) const {
    if (text.empty()) return false;
    if (holds_secret(text)) return true;
    if (rounds == 0 || (rounds == 1 && !std::all_of(text.begin(), text.end(), [](char c) { return in_base64(c) || c == '='; })))
      return false;
    Secret inside;
    return decode(text, inside.text) && is_secret(inside.text, rounds - 1);
  }

  // `user:password`, where either may be a key, or a key alone.
  [[nodiscard]] bool holds_secret(std::string_view pair) const {
    const std::string_view all = bare(pair);
    if (is_key(directory_, all)) return true;
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos) return false;
    if (users_ && is_user(pair.substr(0, colon))) return true;
    std::string_view rest = all;
    for (int part = 0; part < kMostInPair && !rest.empty(); ++part) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (is_key(directory_, bare(rest.substr(0, end)))) return true;
      rest.remove_prefix(std::min(rest.size(), end + 1));
      if (is_key(directory_, bare(rest))) return true;
    }
    return false;
  }

  // With a domain, too: `FIRMA\novakova`, `novakova@firma`.
  [[nodiscard]] bool is_user(std::string_view name) const {
    return directory_.has_user(name) || directory_.has_user(name.substr(name.rfind('\\') + 1)) ||
           directory_.has_user(name.substr(0, name.find('@')));
  }

  const client::Directory& directory_;
  bool users_;
};

// A field that programs put keys and passwords into, by its name. Every field of every request is asked.
bool takes_credentials(std::string_view name) noexcept {
  const auto holds_at = [name](std::size_t at, std::string_view word) { return http::iequals(name.substr(at, word.size()), word); };
  for (std::size_t at = 0; at + 2 < name.size(); ++at) {
    switch (http::lower(name[at])) {
    case 'a':
      if (holds_at(at, "auth")) return true;
      break;
    case 'c':
      if (holds_at(at, "cookie") || holds_at(at, "credential")) return true;
      break;
    case 'k':
      if (holds_at(at, "key")) return true;
      break;
    case 'p':
      if (holds_at(at, "passw")) return true;
      break;
    case 's':
      if (holds_at(at, "secret")) return true;
      break;
    case 't':
      if (holds_at(at, "token")) return true;
      break;
    default: break;
    }
  }
  return false;
}

// The password of the first login by `name` that the request shows; false: there is none.
bool password_in(const Exchange& x, std::string_view name, Secret& password) {
  Secret pair;
  for (const auto& field : x.request.fields) {
    if (!http::iequals(field.name, name) || !http::read_basic(field.value, pair.text)) continue;
    password.text.assign(pair.text, pair.text.find(':') + 1);
    return true;
  }
  return false;
}

// mServer's users are POHODA's, and one may well be called like one of the edge's. That it is another is certain where the caller
// has shown the edge its own password beside it, and where the edge itself holds this login for the server.
bool may_be_the_servers(const Exchange& x) {
  const profile::Credentials* const held = x.generation->snapshot->credentials(x.client, *x.facts.route, x.server);
  if (held != nullptr) return true; // the caller's goes nowhere then
  Secret own, other;
  if ((x.proven & settings::kPassword) == 0 || !password_in(x, "Authorization", own) || !password_in(x, "STW-Authorization", other))
    return false;
  return own.text.size() != other.text.size() || CRYPTO_memcmp(own.text.data(), other.text.data(), own.text.size()) != 0;
}

} // namespace

bool keeps_authorization(const Exchange& x) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  const bool kept = x.facts.server->profile == settings::Profile::mserver;
  if (!kept && !directory.has_secrets()) return false;
  const Look look(directory, true);
  return std::any_of(x.request.fields.begin(), x.request.fields.end(), [&](const http::Field& field) {
    return route::same_variable(field.name, "Authorization") && (kept || look.shows_secret(field.value));
  });
}

void keep_own_secrets(Exchange& x) {
  x.facts.edge_authorization = x.facts.edge_authorization || keeps_authorization(x);
  x.own_fields.clear();
  const client::Directory& directory = *x.generation->snapshot->directory;
  const auto& fields = x.request.fields;
  if (directory.has_secrets()) {
    const Look keys(directory, false), logins(directory, true);
    bool stw = false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!takes_credentials(fields[i].name) || route::same_variable(fields[i].name, "Authorization")) continue;
      const bool of_pohoda = route::same_variable(fields[i].name, "STW-Authorization");
      const Look& look = of_pohoda && may_be_the_servers(x) ? keys : logins;
      if (!look.shows_secret(fields[i].value)) continue;
      if (!of_pohoda) x.own_fields.push_back(i);
      stw = stw || of_pohoda;
    }
    // Of two of one name it is not known which one the server reads.
    for (std::size_t i = 0; stw && i < fields.size(); ++i)
      if (route::same_variable(fields[i].name, "STW-Authorization")) x.own_fields.push_back(i);
    std::sort(x.own_fields.begin(), x.own_fields.end());
  }
  x.facts.own_fields = x.own_fields;
}

bool goes_no_further(const Exchange& x, const http::Field& field) {
  if (x.facts.edge_authorization && route::same_variable(field.name, "Authorization")) return true;
  return std::any_of(x.own_fields.begin(), x.own_fields.end(), [&](std::size_t i) { return &x.request.fields[i] == &field; });
}

} // namespace ledgergate
