// Guesses at the server's own users, by callers who bring a user and password for it: a 401 of the server counts like a failed
// login at the edge. Never one to what the edge holds (a changed POHODA password would ban every branch), never a 403 (what a user
// may not do), never where the caller has shown a certificate.
#include "client/address_table.h"
#include "profile/credentials.h"
#include "profile/endpoints.h"
#include "route/field_names.h"
#include "route/route.h"
#include "story.h"
#include "worker.h"

#include <algorithm>
#include <optional>
#include <string>

namespace ledgergate {
namespace {

// Whom the request names to the server, in lower case: servers do not mind it in names, and each spelling would be another account.
// More than one field: which of them the server believes is not known, and they must not make each guess a new account.
std::optional<std::string> named_account(const Exchange& x) {
  const settings::Profile profile = x.facts.server->profile;
  const std::string_view wanted = profile::credentials_field(profile);
  if (x.facts.edge_authorization && wanted == "Authorization") return std::nullopt; // it was for the edge, and stays here
  std::optional<std::string> account;
  bool several = false;
  for (const auto& field : x.request.fields) {
    if (!route::same_variable(field.name, wanted)) continue;
    several = several || account.has_value();
    account = profile::named_user(field.value, profile);
    if (!account && !several) return std::nullopt;
  }
  if (several) account = "?";
  if (!account) return std::nullopt;
  std::transform(account->begin(), account->end(), account->begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return "server:" + *account;
}

} // namespace

Result<void> check_server_login(Exchange& x) {
  if (x.certificate != nullptr || !x.generation->settings().lockout.enabled) return {};
  if (x.generation->snapshot->credentials(x.client, *x.facts.route, x.server) != nullptr) return {};
  const auto account = named_account(x);
  if (!account) return {};
  x.server_account = *account;
  const auto free = may_log_in(x, x.server_account);
  return free ? Result<void>() : Result<void>(free.error());
}

void note_server_login(Exchange& x) {
  if (x.server_account.empty() || x.credentials != nullptr) return;
  if (x.answer.status == 401) {
    count_failed_login(x, x.server_account, "server");
  } else if (x.answer.status >= 200 && x.answer.status < 300) {
    const settings::Profile profile = x.facts.server->profile;
    std::string scratch;
    const bool certain = profile::success_proves_login(profile, x.request.method == http::Method::post) &&
                         !profile::is_status(profile, route::server_path(*x.facts.route, x.target, scratch));
    x.worker->shared().lockout.succeeded(x.facts.client_ip, x.server_account, static_cast<client::Nanos>(uv_hrtime()), certain);
  }
}

} // namespace ledgergate
