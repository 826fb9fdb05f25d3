// The edge's own users and keys are not for the LAN. A program that has been given one sends it with each request, also to a route
// that asks for no login, or for a certificate alone, and in a field or a form that the edge reads nothing of; there nobody looks
// at it, and it would go on to the server in clear.
//
// What a value shows is looked for in client/shown_secrets.h.
#include "request/own_secrets.h"

#include "client/directory.h"
#include "client/shown_secrets.h"
#include "http/base64.h"
#include "http/chars.h"
#include "profile/credentials.h"
#include "route/field_names.h"
#include "state/services.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ledgergate {
namespace {

// Wiped when it goes.
struct Secret {
  std::string text;
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

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
  client::SecretSearch look(directory, true);
  return std::any_of(x.request.fields.begin(), x.request.fields.end(), [&](const http::Field& field) {
    return route::same_variable(field.name, "Authorization") && (kept || look.finds_in(field.value));
  });
}

void keep_own_secrets(Exchange& x) {
  x.facts.edge_authorization = x.facts.edge_authorization || keeps_authorization(x);
  x.own_fields.clear();
  const client::Directory& directory = *x.generation->snapshot->directory;
  const auto& fields = x.request.fields;
  if (directory.has_secrets()) {
    client::SecretSearch keys(directory, false), logins(directory, true);
    bool stw = false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!client::takes_credentials(fields[i].name) || route::same_variable(fields[i].name, "Authorization")) continue;
      const bool of_pohoda = route::same_variable(fields[i].name, "STW-Authorization");
      client::SecretSearch& look = of_pohoda && may_be_the_servers(x) ? keys : logins;
      if (!look.finds_in(fields[i].value)) continue;
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
