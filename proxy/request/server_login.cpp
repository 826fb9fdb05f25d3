// Guesses at the server's own users, by callers who bring a login for it: what its profile knows as a failed one (profile/logins.h)
// counts like one at the edge. Never one to what the edge holds (a changed POHODA password would ban every branch), never a 403
// (what a user may not do).
//
// Whoever has shown a client's certificate is counted by that, not by its address, and a stale secret of a branch, which comes
// again and again, is no guess: another one is.
#include "request/server_login.h"

#include "http/chars.h"
#include "http/coding.h"
#include "http/names.h"
#include "profile/credentials.h"
#include "profile/endpoints.h"
#include "profile/logins.h"
#include "request/failed_logins.h"
#include "request/own_secrets.h"
#include "route/field_names.h"
#include "route/header_rules.h"
#include "route/route.h"
#include "state/services.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ledgergate {
namespace {

using profile::LoginKind;
using profile::ServerLogin;

bool at_login_form(const Exchange& x) {
  std::string scratch;
  return x.facts.server->profile == settings::Profile::onec &&
         profile::is_login_form(x.facts.server->profile, route::server_path(*x.facts.route, x.target, scratch));
}

// Whether the path is the login in so many words: a page of another path that could be read as one may be public.
bool spells_login_form(const Exchange& x) {
  constexpr std::string_view kLogin = "/e1cib/login";
  std::string scratch;
  const std::string_view path = route::server_path(*x.facts.route, x.target, scratch);
  return path.size() >= kLogin.size() && http::iequals(path.substr(path.size() - kLogin.size()), kLogin);
}

// A field that the server may read for its own: a twin with something around its name, too. What a rule of the route replaces or
// removes is not the caller's when it arrives.
bool is_login_field(const Exchange& x, const http::Field& field) {
  const auto odd = [](char c) { return !(http::lower(c) >= 'a' && http::lower(c) <= 'z') && !(c >= '0' && c <= '9'); };
  std::string_view name = field.name;
  while (!name.empty() && odd(name.front())) name.remove_prefix(1);
  while (!name.empty() && odd(name.back())) name.remove_suffix(1);
  return route::same_variable(name, profile::credentials_field(x.facts.server->profile)) && !goes_no_further(x, field) &&
         !route::replaced(x.facts.route->request_headers, field.name);
}

// Whether a rule of the route writes the field: a 401 may be about that, not about the caller's form.
bool edge_writes_field(const Exchange& x) {
  const std::string_view name = profile::credentials_field(x.facts.server->profile);
  const auto& rules = x.facts.route->request_headers;
  return std::any_of(rules.begin(), rules.end(), [&](const settings::HeaderRule& rule) {
    return (rule.action == settings::HeaderAction::set || rule.action == settings::HeaderAction::add) &&
           route::same_variable(rule.name, name);
  });
}

// All that the request shows. Of several fields, and of a field and a form, it is not known which the server believes: they must
// not make each guess a new account.
ServerLogin read_login(const Exchange& x) {
  const settings::Profile profile = x.facts.server->profile;
  ServerLogin login;
  for (const auto& field : x.request.fields)
    if (is_login_field(x, field)) login.join(profile::read_field_login(field.value, profile));
  if (!at_login_form(x)) return login;
  std::string body;
  if (login_in_body(x)) {
    body.resize(static_cast<std::size_t>(std::min<std::uint64_t>(x.spool.size(), profile::kLoginBody)));
    const auto read = x.spool.read(0, body.data(), body.size());
    body.resize(read ? *read : 0);
    const bool coded = http::content_coding(x.request.fields) != http::Coding::identity;
    if (!read || coded || x.spool.size() > profile::kLoginBody) login.join(profile::unread_form_login());
  } else if (x.request.body.kind != http::BodyKind::none) {
    login.join(profile::unread_form_login());
  }
  login.join(profile::read_form_login(x.target.query, body));
  OPENSSL_cleanse(body.data(), body.size());
  return login;
}

constexpr std::size_t kLongestPlace = 40; // bytes of a server's place in an account's name

// Without a domain (`FIRMA\u`, `u@firma`) and what may stand around it: servers take these for the same user, or cut them off.
std::string_view bare_user(std::string_view name) noexcept {
  const auto bare = [](std::string_view text) {
    using namespace std::string_view_literals;
    constexpr std::string_view around = " \t\r\n\v\f\"'<>\0"sv;
    constexpr std::string_view no_break = "\xC2\xA0";
    for (std::string_view before; before.size() != text.size();) {
      before = text;
      const auto first = std::min(text.find_first_not_of(around), text.size());
      text.remove_prefix(first);
      text.remove_suffix(text.size() - std::min(text.find_last_not_of(around) + 1, text.size()));
      if (text.starts_with(no_break)) text.remove_prefix(no_break.size());
      if (text.ends_with(no_break)) text.remove_suffix(no_break.size());
      if (before.empty()) break;
    }
    return text;
  };
  std::string_view user = bare(name);
  user = bare(user.substr(user.rfind('\\') + 1));
  user = bare(user.substr(0, user.find('@')));
  return user.empty() ? name : user;
}

// The user, at that server: who is right at one may still guess at another. In small letters of any alphabet, and in UTF-8 whatever
// it came in: servers do not mind case in names, nor does a name say which character set it is in, and each spelling would be
// another account.
std::string account_of(const ServerLogin& login, const settings::Server& server) {
  const auto otherwise = server.profile == settings::Profile::onec ? http::Charset::windows1251 : http::Charset::windows1250;
  const std::string_view all = server.place;
  const std::string_view place = all.substr(all.size() - std::min(all.size(), kLongestPlace)); // its end holds the port
  const std::string name = login.nameless ? "?" : http::small_name(login.account, otherwise);
  std::string out = "server:" + std::string(bare_user(name));
  out.resize(std::min(out.size(), client::Lockout::kLongestAccount - place.size() - 1));
  return out.append("@").append(place);
}

// Whether a 2xx can say anything of the login: who asks what may be done, or logs in otherwise than by POST, is asked for nothing.
bool may_prove(const Exchange& x) {
  if (x.request.method == http::Method::options) return false;
  return x.server_login != LoginKind::form || x.request.method == http::Method::post;
}

// Whether it says for certain that the login was right.
bool proves(const Exchange& x) {
  const settings::Profile profile = x.facts.server->profile;
  const bool post = x.request.method == http::Method::post;
  if (x.server_login == LoginKind::form) return post && !x.server_account.starts_with("server:?@") && spells_login_form(x);
  std::string scratch;
  return profile::success_proves_login(profile, post) &&
         !profile::is_status(profile, route::server_path(*x.facts.route, x.target, scratch));
}

} // namespace

bool login_in_body(const Exchange& x) {
  const auto& body = x.request.body;
  if (body.kind == http::BodyKind::none || !at_login_form(x)) return false;
  return body.kind == http::BodyKind::chunked || body.length <= profile::kLoginBody;
}

bool login_waits_for_body(const Exchange& x) {
  const bool by_unit = !x.facts.route->units.empty() && x.facts.server->profile == settings::Profile::mserver;
  return by_unit || login_in_body(x);
}

bool brings_server_login(const Exchange& x) {
  if (!x.generation->settings().lockout.enabled) return false;
  // What the edge holds goes out in place of the caller's.
  if (x.generation->snapshot->credentials(x.client, *x.facts.route, x.server) != nullptr) return false;
  if (at_login_form(x)) return true;
  return std::any_of(x.request.fields.begin(), x.request.fields.end(),
                     [&](const http::Field& field) { return is_login_field(x, field); });
}

io::Task<Result<void>> check_server_login(Exchange& x) {
  ServerLogin login = read_login(x);
  if (login.kind == LoginKind::none) co_return Result<void>{};
  x.server_account = account_of(login, *x.facts.server);
  x.server_login = login.kind;
  client::Lockout::Login shown{x.facts.client_ip, {}, x.server_account, login.secret};
  if (x.client != nullptr && (x.proven & settings::kCertificate) != 0) {
    shown.client = x.client->name;
    shown.stale_passes = true;
  }
  shown.nameless = login.nameless;
  const auto free = co_await begin_login(x, shown, x.server_guess);
  if (!free) co_return free.error();
  co_return Result<void>{};
}

void note_server_login(Exchange& x) {
  if (!x.server_guess.open()) return;
  const bool form = x.server_login == LoginKind::form;
  if (x.credentials != nullptr || (form && x.answer.status == 401 && edge_writes_field(x))) {
    x.server_guess.give_back();
  } else if (profile::login_failed(x.server_login, x.answer)) {
    count_failed_login(x, x.server_guess, x.server_account, "server");
  } else if (x.answer.status >= 200 && x.answer.status < 300 && may_prove(x)) {
    x.server_guess.succeed(x.generation->settings().lockout, static_cast<client::Nanos>(uv_hrtime()), proves(x));
  } else {
    x.server_guess.give_back();
  }
}

} // namespace ledgergate
