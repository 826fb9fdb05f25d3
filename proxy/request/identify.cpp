// Who calls: what the request shows (a certificate, a key, a user and password, an address) against the clients of the settings.
//
// What is cheap to look at comes first. A password costs a tenth of a second to verify, so before it come the bans and the limits
// of the caller's address, which a known client does not need.
#include "request/identify.h"

#include "client/directory.h"
#include "http/base64.h"
#include "request/failed_logins.h"
#include "request/limits.h"
#include "state/services.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>

namespace ledgergate {
namespace {

using settings::Proofs;

constexpr io::TimeMs kLoginMs = 20'000; // for a password's turn to be verified

client::Nanos now_nanos() { return static_cast<client::Nanos>(uv_hrtime()); }

// What the request shows of itself. Secrets are wiped when it is over.
struct Shown {
  std::string_view key;                // X-Edge-Key
  client::PasswordChecks::Login login; // of Basic
  bool basic = false;
  bool twice = false; // a header that may be there once only
  Shown() = default;
  ~Shown() { OPENSSL_cleanse(login.password.data(), login.password.size()); }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
};

// The edge's part of Authorization: read where the server does not need the caller's (mServer has a header of its own, and where
// the edge holds the server's credentials the caller's would go nowhere).
bool reads_authorization(const Exchange& x) {
  const settings::Server& server = *x.facts.server;
  if (server.profile == settings::Profile::mserver) return true;
  if (x.generation->snapshot->credentials(x.client, *x.facts.route, x.server) != nullptr) return true;
  // A client's own credentials for the server: which client it is, is what the login is to tell.
  const auto& clients = x.generation->settings().clients;
  return std::any_of(clients.begin(), clients.end(), [&](const settings::Client& each) {
    return std::any_of(each.credentials.begin(), each.credentials.end(), [&](const auto& own) { return own.first == x.server; });
  });
}

void look(const Exchange& x, Shown& shown) {
  const bool basic = reads_authorization(x);
  std::string pair;
  for (const auto& field : x.request.fields) {
    if (http::iequals(field.name, "X-Edge-Key")) {
      shown.twice = shown.twice || !shown.key.empty();
      shown.key = field.value;
    } else if (basic && http::iequals(field.name, "Authorization") && http::read_basic(field.value, pair)) {
      shown.twice = shown.twice || shown.basic;
      shown.basic = true;
      const std::size_t colon = pair.find(':');
      shown.login.user.assign(pair, 0, colon);
      shown.login.password.assign(pair, colon + 1);
    }
  }
  OPENSSL_cleanse(pair.data(), pair.size());
}

// What a failure is answered with: who guesses at a login that was banned meanwhile learns no more than that.
Error login_failed(Exchange& x, client::Lockout::Guess& guess, std::string_view account, std::string_view way) {
  if (count_failed_login(x, guess, account, way)) return {Cause::locked_out, "banned"};
  return {Cause::login_failed, way};
}

// Takes a proof that names `client` into account. False: it names another one than an earlier proof.
bool prove(Exchange& x, std::size_t client, Proofs proof) {
  const settings::Client* named = &x.generation->settings().clients[client];
  if (x.client != nullptr && x.client != named) return false;
  x.client = named;
  x.proven = static_cast<Proofs>(x.proven | proof);
  return true;
}

bool names(const Exchange& x, const client::Directory::Account& account) {
  return account.client && x.client == &x.generation->settings().clients[*account.client];
}

constexpr Error kTwoClients{Cause::login_failed, "the proofs name different clients"};

} // namespace

bool route_takes(const Exchange& x, Proofs proofs) {
  const auto& clients = x.generation->settings().clients;
  const settings::Route& route = *x.facts.route;
  if (route.any_client)
    return std::any_of(clients.begin(), clients.end(), [&](const auto& each) { return (each.ways() & proofs) != 0; });
  return std::any_of(route.clients.begin(), route.clients.end(),
                     [&](std::size_t index) { return (clients[index].ways() & proofs) != 0; });
}

bool challenges_basic(const Exchange& x) {
  return reads_authorization(x) && route_takes(x, settings::kPassword | settings::kApiKey);
}

namespace {

// Verifies the password of a user that may be the caller's, and remembers what came of it.
io::Task<Result<bool>> check_password(Exchange& x, Shown& shown) {
  client::PasswordChecks& passwords = x.services->shared().passwords;
  shown.login.from = client::network_of(x.facts.client_ip);
  if (passwords.remembers(shown.login, static_cast<std::int64_t>(now_nanos() / 1'000'000))) co_return true;
  // A hash is work: strangers get no more of it than their address may ask for.
  if (!shown.login.known) {
    const auto within = limit_address(x);
    if (!within) co_return within.error();
  }
  x.retry_after = 1;
  x.wake->deadline_in(kLoginMs);
  co_return co_await passwords.verify(*x.wake, shown.login);
}

// The user and password of Basic, or a key in its place. A wrong password of its own is no guess of whoever has shown the
// certificate of that client; what it tries with other names is, and is not even looked at: nothing could come of it but that it
// was right.
io::Task<Result<void>> check_basic(Exchange& x, Shown& shown, bool certified) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  const std::string& user = shown.login.user;
  x.facts.edge_authorization = true;
  const bool blank = shown.login.password.empty(); // is no key, and no password, whatever hash of it there is
  const auto keyed = blank ? std::nullopt : directory.by_key(client::digest_of(shown.login.password));
  if (keyed && x.generation->settings().clients[*keyed].name == user) {
    if (!prove(x, *keyed, settings::kApiKey)) co_return kTwoClients;
    co_return Result<void>{};
  }
  const auto account = directory.by_user(user);
  const bool own = certified && names(x, account), of_another = x.client != nullptr && !names(x, account);
  client::Lockout::Guess guess;
  shown.login.known = own;
  if (!own) {
    // Before the short memory of what was right is asked: it would tell a banned guesser.
    client::Lockout::Login login{x.facts.client_ip, {}, user, shown.login.password};
    if (certified) login.client = x.client->name;
    const auto free = co_await begin_login(x, login, guess);
    if (!free) co_return free.error();
    shown.login.known = *free;
  }
  bool right = false;
  if (account.hash != nullptr && !of_another) { // an empty one, too: what a login costs tells nobody which users there are
    shown.login.hash = *account.hash;
    const auto verdict = co_await check_password(x, shown);
    if (!verdict) co_return verdict.error();
    right = *verdict && !blank;
  }
  if (!right || !account.client) {
    if (own) co_return Error{Cause::login_failed, "password"};
    co_return login_failed(x, guess, user, "password");
  }
  static_cast<void>(prove(x, *account.client, settings::kPassword));
  guess.succeed(x.generation->settings().lockout, now_nanos());
  co_return Result<void>{};
}

} // namespace

io::Task<Result<void>> identify(Exchange& x) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  x.client = nullptr;
  x.proven = settings::kNoProof;
  if (x.certificate != nullptr) {
    // It was valid at the handshake, and the connection may be old.
    if (std::time(nullptr) >= x.certificate->valid_until) {
      x.last = true;
      co_return Error{Cause::certificate_required, "the certificate has expired meanwhile"};
    }
    if (const auto named = directory.by_certificate(*x.certificate)) static_cast<void>(prove(x, *named, settings::kCertificate));
  }
  const bool certified = x.client != nullptr;

  Shown shown;
  look(x, shown);
  if (shown.twice) co_return Error{Cause::bad_request, "a login is shown twice"};
  if (!shown.key.empty()) {
    const auto named = directory.by_key(client::digest_of(shown.key));
    if (!named) {
      // A branch is one address, and its stale key is nobody else's: whoever showed a certificate is not counted for it.
      if (certified) co_return Error{Cause::login_failed, "key"};
      client::Lockout::Guess guess;
      const client::Lockout::Login login{x.facts.client_ip, {}, {}, shown.key};
      const auto free = co_await begin_login(x, login, guess);
      if (!free) co_return free.error();
      co_return login_failed(x, guess, {}, "key");
    }
    if (!prove(x, *named, settings::kApiKey)) co_return kTwoClients;
  }
  // A server's own user may stand there too, on a route whose clients need no password of the edge's.
  if (shown.basic && route_takes(x, settings::kPassword | settings::kApiKey)) {
    const auto by_basic = co_await check_basic(x, shown, certified);
    if (!by_basic) co_return by_basic.error();
  }
  if (x.client == nullptr) {
    if (const auto named = directory.by_address(x.facts.client_ip)) static_cast<void>(prove(x, *named, settings::kAddress));
  }
  if (x.client == nullptr) {
    if (x.certificate != nullptr) co_return Error{Cause::forbidden, "no client has this certificate, or more than one"};
    const bool by_login = route_takes(x, settings::kPassword | settings::kApiKey);
    co_return by_login ? Error{Cause::login_required} : Error{Cause::certificate_required};
  }
  x.facts.client_name = x.client->name;
  release_address(x); // what it may do is its own from here on
  co_return Result<void>{};
}

Result<void> identify_again(Exchange& x, const Snapshot& before) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  const settings::Client* const was = x.client;
  const bool verified = was != nullptr && (x.proven & settings::kPassword) != 0; // its password, when the request came
  const auto& clients = x.generation->settings().clients;
  if (was != nullptr && std::none_of(clients.begin(), clients.end(), [&](const auto& each) { return each.name == was->name; }))
    return Error{Cause::client_disabled, "there is no such client any more"};
  x.client = nullptr;
  x.proven = settings::kNoProof;
  if (x.certificate != nullptr)
    if (const auto named = directory.by_certificate(*x.certificate)) static_cast<void>(prove(x, *named, settings::kCertificate));
  Shown shown;
  look(x, shown);
  if (!shown.key.empty()) {
    const auto named = directory.by_key(client::digest_of(shown.key));
    if (!named) return Error{Cause::login_failed, "the key is good no longer"};
    if (!prove(x, *named, settings::kApiKey)) return kTwoClients;
  }
  if (shown.basic && route_takes(x, settings::kPassword | settings::kApiKey)) {
    if (shown.login.password.empty()) return Error{Cause::login_failed, "an empty password"};
    const auto keyed = directory.by_key(client::digest_of(shown.login.password));
    if (keyed && x.generation->settings().clients[*keyed].name == shown.login.user) {
      if (!prove(x, *keyed, settings::kApiKey)) return kTwoClients;
    } else {
      const auto now = directory.by_user(shown.login.user), then = before.directory->by_user(shown.login.user);
      const bool same = now.client && then.client && *now.hash == *then.hash;
      if (!same) return Error{Cause::login_failed, "the password has been changed meanwhile"};
      // It was not asked for then: nobody has looked whether it is right.
      if (!verified || was->user != shown.login.user) return Error{Cause::login_required, "a password is asked for by now"};
      if (!prove(x, *now.client, settings::kPassword)) return kTwoClients;
    }
  }
  if (x.client == nullptr)
    if (const auto named = directory.by_address(x.facts.client_ip)) static_cast<void>(prove(x, *named, settings::kAddress));
  if (x.client == nullptr) {
    if (x.certificate != nullptr) return Error{Cause::forbidden, "no client has this certificate any more"};
    return Error{route_takes(x, settings::kPassword | settings::kApiKey) ? Cause::login_required : Cause::certificate_required};
  }
  if (was != nullptr && was->name != x.client->name) return Error{Cause::login_failed, "what it shows is another client's by now"};
  return {};
}

} // namespace ledgergate
