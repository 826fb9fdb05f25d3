// Who calls: what the request shows (a certificate, a key, a user and password, an address) against the clients of the settings.
//
// What is cheap to look at comes first. A password costs a tenth of a second to verify, so before it come the bans and the limits
// of the caller's address, which a known client does not need.
#include "client/directory.h"
#include "http/base64.h"
#include "observe/log_ring.h"
#include "story.h"
#include "worker.h"

#include <openssl/crypto.h>

#include <algorithm>
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

// A name for the log that whoever wrote it can't forge lines with.
std::string plain(std::string_view account) {
  std::string out;
  for (const char c : account.substr(0, 64)) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '@';
    out += good ? c : '?';
  }
  return out;
}

// One line a failure, in a form that fail2ban and CrowdSec read (config/fail2ban/).
Error login_failed(Exchange& x, std::string_view account, std::string_view way) {
  const settings::Lockout& rules = x.generation->settings().lockout;
  const client::Nanos ban = x.worker->shared().lockout.failed(rules, x.facts.client_ip, account, now_nanos());
  const std::string where = " address=" + std::string(x.client_ip_text) + " account=" + plain(account);
  observe::event(settings::LogLevel::warning, "login failed:" + where + " way=" + std::string(way) +
                                                  " listener=" + x.facts.listener->name + " request=" + x.request_id);
  if (ban > 0)
    observe::event(settings::LogLevel::warning, "login banned:" + where + " seconds=" + std::to_string(ban / 1'000'000'000));
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

Result<void> may_log_in(Exchange& x, std::string_view account) {
  const auto decision =
      x.worker->shared().lockout.may_try(x.generation->settings().lockout, x.facts.client_ip, account, now_nanos());
  if (decision.verdict == client::Lockout::Verdict::go_on) return {};
  x.retry_after = static_cast<std::uint32_t>(decision.wait / 1'000'000'000 + 1);
  return Error{Cause::locked_out, decision.verdict == client::Lockout::Verdict::banned ? "banned" : "slowed down"};
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

io::Task<Result<void>> identify(Exchange& x) {
  const client::Directory& directory = *x.generation->snapshot->directory;
  client::Lockout& lockout = x.worker->shared().lockout;
  client::PasswordChecks& passwords = x.worker->shared().passwords;
  x.client = nullptr;
  x.proven = settings::kNoProof;
  if (x.certificate != nullptr) {
    if (const auto named = directory.by_certificate(*x.certificate)) static_cast<void>(prove(x, *named, settings::kCertificate));
  }
  const bool certified = x.client != nullptr; // such a one is never locked out: nobody guesses certificates

  Shown shown;
  look(x, shown);
  if (shown.twice) co_return Error{Cause::bad_request, "a login is shown twice"};
  if (!shown.key.empty()) {
    const auto named = directory.by_key(client::digest_of(shown.key));
    if (!named) {
      if (!certified) {
        const auto free = may_log_in(x, {});
        if (!free) co_return free.error();
      }
      co_return login_failed(x, {}, "key");
    }
    if (!prove(x, *named, settings::kApiKey)) co_return kTwoClients;
  }
  // A server's own user may stand there too, on a route whose clients need no password of the edge's.
  if (shown.basic && route_takes(x, settings::kPassword | settings::kApiKey)) {
    x.facts.edge_authorization = true;
    const auto keyed = directory.by_key(client::digest_of(shown.login.password));
    if (keyed && x.generation->settings().clients[*keyed].name == shown.login.user) {
      if (!prove(x, *keyed, settings::kApiKey)) co_return kTwoClients;
    } else {
      const auto account = directory.by_user(shown.login.user);
      bool right = false;
      if (account.hash != nullptr) {
        const auto now_ms = static_cast<std::int64_t>(now_nanos() / 1'000'000);
        shown.login.hash = *account.hash;
        right = passwords.remembers(shown.login, now_ms);
        if (!right) {
          if (!certified) {
            const auto free = may_log_in(x, shown.login.user);
            if (!free) co_return free.error();
            const auto within = limit_address(x);
            if (!within) co_return within.error();
          }
          x.wake->deadline_in(kLoginMs);
          const auto verdict = co_await passwords.verify(*x.wake, shown.login);
          if (!verdict) co_return verdict.error();
          right = *verdict;
        }
      }
      if (!right || !account.client) co_return login_failed(x, shown.login.user, "password");
      if (!prove(x, *account.client, settings::kPassword)) co_return kTwoClients;
      lockout.succeeded(x.facts.client_ip, shown.login.user, now_nanos());
    }
  }
  if (x.client == nullptr) {
    if (const auto named = directory.by_address(x.facts.client_ip)) static_cast<void>(prove(x, *named, settings::kAddress));
  }
  if (x.client == nullptr) {
    if (x.certificate != nullptr) co_return Error{Cause::forbidden, "no client has this certificate"};
    const bool by_login = route_takes(x, settings::kPassword | settings::kApiKey);
    co_return by_login ? Error{Cause::login_required} : Error{Cause::certificate_required};
  }
  x.facts.client_name = x.client->name;
  co_return Result<void>{};
}

} // namespace ledgergate
