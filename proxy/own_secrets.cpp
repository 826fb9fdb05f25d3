// The edge's own users and keys are not for the LAN. A program that has been given one sends it with each request, also to a route
// that asks for no login, or for a certificate alone; there nobody reads it, and it would go on to the server in clear.
#include "client/directory.h"
#include "http/base64.h"
#include "route/field_names.h"
#include "story.h"
#include "worker.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ledgergate {
namespace {

constexpr std::string_view kBlank = " \t";

// Wiped when it goes.
struct Secret {
  std::string text;
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

bool is_key(const client::Directory& directory, std::string_view text) {
  return directory.by_key(client::digest_of(text)).has_value();
}

// `user:password` of the edge's: a user that it knows, whatever the password (yesterday's tells a good deal of today's), or a key
// with any name. More is read than a login may be (base64 without padding, or with the other alphabet): it is as secret.
bool is_login(const client::Directory& directory, std::string_view token) {
  Secret padded, pair;
  padded.text.reserve(token.size() + 4);
  for (const char c : token) padded.text += c == '-' ? '+' : c == '_' ? '/' : c;
  while (padded.text.ends_with('=')) padded.text.pop_back();
  padded.text.append((4 - padded.text.size() % 4) % 4, '=');
  pair.text.reserve(padded.text.size());
  if (!http::decode_base64(padded.text, pair.text)) return false;
  const std::string_view text = pair.text;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  return directory.has_user(text.substr(0, colon)) || is_key(directory, text.substr(colon + 1));
}

// The value as it stands, and behind its scheme.
bool shows_a_secret(const client::Directory& directory, std::string_view value) {
  const auto is_secret = [&](std::string_view text) { return is_key(directory, text) || is_login(directory, text); };
  if (is_secret(value)) return true;
  const std::size_t blank = value.find_first_of(kBlank);
  if (blank == std::string_view::npos) return false;
  const std::size_t token = value.find_first_not_of(kBlank, blank);
  return token != std::string_view::npos && is_secret(value.substr(token));
}

} // namespace

bool keeps_authorization(const Exchange& x) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  const bool kept = x.facts.server->profile == settings::Profile::mserver;
  if (!kept && !directory.has_secrets()) return false;
  return std::any_of(x.request.fields.begin(), x.request.fields.end(), [&](const http::Field& field) {
    return route::same_variable(field.name, "Authorization") && (kept || shows_a_secret(directory, field.value));
  });
}

} // namespace ledgergate
