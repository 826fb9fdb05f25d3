#include "command/explain.h"

#include "client/proof_words.h"
#include "http/parser.h"
#include "http/target.h"
#include "request/admit.h"
#include "request/available.h"
#include "request/decide.h"
#include "request/identify.h"
#include "route/route.h"
#include "settings/problems.h"
#include "settings/sections.h"
#include "state/exchange.h"
#include "state/generation.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ledgergate {
namespace {

using settings::ListenerKind;

struct Url {
  bool https = false;
  std::string authority, target;
  std::uint16_t port = 0;
};

bool is_method(std::string_view text) {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == std::string_view::npos;
}

std::optional<Url> read_url(std::string_view text) {
  Url url;
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return std::nullopt;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  if (text.substr(0, scheme) != "https" && text.substr(0, scheme) != "http") return std::nullopt;
  url.https = scheme == 5;
  text.remove_prefix(scheme + 3);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  url.authority = text.substr(0, end);
  url.target = text.substr(end, text.find('#') - end);
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  url.port = url.https ? 443 : 80;
  const std::size_t colon = url.authority.rfind(':');
  if (colon != std::string::npos && url.authority.find(']', colon) == std::string::npos) {
    const char* const last = url.authority.data() + url.authority.size();
    const auto read = std::from_chars(url.authority.data() + colon + 1, last, url.port);
    if (read.ec != std::errc() || read.ptr != last || url.port == 0) return std::nullopt;
  }
  if (url.authority.empty() || url.authority.find('@') != std::string::npos) return std::nullopt;
  return url;
}

// Those of the URL's port, or where there is none (a router may give it another one) all that speak its scheme.
std::vector<std::size_t> listeners_of(const settings::Settings& settings, const Url& url, bool& by_port) {
  std::vector<std::size_t> fitting, of_port;
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    const settings::Listener& each = settings.listeners[i];
    if (each.kind == ListenerKind::admin || (each.kind == ListenerKind::https) != url.https) continue;
    fitting.push_back(i);
    if (each.address.port == url.port) of_port.push_back(i);
  }
  by_port = !of_port.empty();
  return by_port ? of_port : fitting;
}

class Account {
public:
  explicit Account(std::string& out) : out_(out) {}
  void line(std::string_view what, std::string_view text) {
    out_.append(what).append(what.size() < kColumn ? kColumn - what.size() : 1, ' ').append(text).append("\n");
  }
  void answer(const Error& error) {
    const CauseInfo& info = describe(error.cause);
    std::string text = std::to_string(info.status) + " " + std::string(info.name) + ": " + std::string(info.text);
    if (!error.detail.empty()) text += " (" + std::string(error.detail) + ")";
    line("answer", text);
  }

private:
  static constexpr std::size_t kColumn = 12;
  std::string& out_;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& each : names) text.append(text.empty() ? "" : ", ").append(each);
  return text;
}

std::string_view word_of(settings::Profile profile) {
  for (const auto& [word, each] : settings::kProfiles)
    if (each == profile) return word;
  return "";
}

std::string words_of(const settings::Server& server) {
  std::string text =
      server.name + ": " + std::string(word_of(server.profile)) + ", " + (server.https ? "https://" : "http://") + server.authority;
  if (server.concurrency == 1)
    text += ", one request at a time";
  else if (server.concurrency != 0)
    text += ", " + std::to_string(server.concurrency) + " requests at a time";
  return text;
}

std::string who_may_come(const settings::Settings& settings, const settings::Route& route) {
  if (route.anonymous) return "everybody (access: anonymous)";
  std::vector<std::string> names;
  for (const std::size_t each : route.clients) names.push_back(settings.clients[each].name);
  std::string text = route.any_client ? "any client" : (names.size() == 1 ? "client " : "clients ") + joined(names);
  if (route.require != settings::kNoProof) text += ", who must prove: " + std::string(client::proof_words(route.require));
  return text;
}

// The proofs of the settings, as far as this listener can see them: a certificate is asked for by its name's rules only.
settings::Proofs proofs_of(const settings::Client& client, const Exchange& x) {
  const listen::TlsFront* front = x.generation->front(x.listener);
  const bool asked = front != nullptr && front->clients(x.rules).asks();
  return static_cast<settings::Proofs>(client.ways() & (asked ? ~0U : ~static_cast<unsigned>(settings::kCertificate)));
}

// As a connection reads it.
Result<void> read_head(const settings::Settings& settings, Exchange& x) {
  http::HeadScan scan;
  scan.reset({settings.limits.head, settings.limits.target, settings.limits.headers, true});
  const auto state = scan.advance(x.head_text);
  if (state == http::HeadScan::State::failed) return scan.error();
  if (state != http::HeadScan::State::complete || scan.size() != x.head_text.size()) return Error{Cause::bad_request};
  return http::parse_request(x.head_text, x.request);
}

// Whether the caller comes in. False: the answer is told.
bool comes_in(Exchange& x, const settings::Client* client, Account& account) {
  if (x.facts.route->anonymous) return true;
  if (client == nullptr) {
    const bool by_login = route_takes(x, settings::kPassword | settings::kApiKey);
    account.answer({by_login ? Cause::login_required : Cause::certificate_required, "nothing was proven: try --client NAME"});
    return false;
  }
  x.client = client;
  x.proven = proofs_of(*client, x);
  account.line("client",
               client->name + (x.proven == settings::kNoProof ? ": can prove nothing to this listener"
                                                              : ", proven by " + std::string(client::proof_words(x.proven))));
  if (x.proven == settings::kNoProof) {
    account.answer({Cause::certificate_required});
    return false;
  }
  const auto allowed = authorise(x);
  if (!allowed) account.answer(allowed.error());
  return allowed.ok();
}

void explain_route(Exchange& x, const settings::Client* client, Account& account) {
  const settings::Settings& settings = x.generation->settings();
  const settings::Route& route = *x.facts.route;
  account.line("route", route.name + ": " + (route.host.empty() ? "any host" : route.host) + ", path " + route.path);
  account.line("may come", who_may_come(settings, route));
  account.line("server", words_of(*x.facts.server));
  if (!comes_in(x, client, account)) return;
  route::append_upstream_target(route, x.target, x.upstream_target);
  const auto allowed = check_rules(x, x.upstream_target);
  // Nobody has brought a user of the server's here.
  const bool asks_user = !allowed && allowed.error().cause == Cause::credentials_missing;
  if (!allowed && !asks_user) return account.answer(allowed.error());
  if (asks_user) account.line("login", "the caller has to bring the server's own user (require_credentials), else 401");
  if (x.generation->snapshot->credentials(x.client, route, x.server) != nullptr)
    account.line("login", "the edge's own user at the server, in place of the caller's");
  if (!route.units.empty()) account.line("units", "the accounting unit that the request names decides on the server");
  if (!route.operations.empty()) account.line("operations", joined(route.operations) + " (route)");
  if (x.client != nullptr && !x.client->operations.empty()) account.line("operations", joined(x.client->operations) + " (client)");
  if (const std::uint64_t limit = body_limit(x); limit != 0) account.line("body", std::to_string(limit) + " bytes at most");
  if (const auto open = available(x); !open) return account.answer(open.error());
  account.line("sent as", std::string(x.request.method_text) + " " + x.upstream_target);
}

} // namespace

bool explain(const std::shared_ptr<const Snapshot>& snapshot, const Question& question, std::string& out) {
  const auto fail = [&out](std::string why) {
    out += std::move(why) + "\n";
    return false;
  };
  const settings::Settings& settings = *snapshot->settings;
  if (!is_method(question.method)) return fail(settings::quote(question.method) + " is no method: write GET or POST");
  const auto url = read_url(question.url);
  if (!url) return fail(settings::quote(question.url) + " is not the address of a request: write https://NAME/PATH");
  const settings::Client* client = nullptr;
  for (const settings::Client& each : settings.clients)
    if (each.name == question.client) client = &each;
  if (client == nullptr && !question.client.empty()) return fail("there is no client " + settings::quote(question.client));
  auto from = IpAddress::parse("192.0.2.1"); // of nobody (RFC 5737)
  if (client != nullptr && !client->from.empty()) from = client->from.front().base;
  if (!question.from.empty()) from = IpAddress::parse(question.from);
  if (!from) return fail(settings::quote(question.from) + " is no address");
  bool by_port = true;
  const auto listeners = listeners_of(settings, *url, by_port);
  if (listeners.empty()) return fail(std::string("no listener speaks ") + (url->https ? "https" : "plain http"));

  Account account(out);
  account.line("request", question.method + " " + question.url);
  if (!by_port) account.line("note", "no listener has port " + std::to_string(url->port) + "; as if a router led there");
  Generation generation;
  generation.snapshot = snapshot;
  for (const std::size_t index : listeners) {
    const settings::Listener& listener = settings.listeners[index];
    account.line("listener", listener.name);
    if (!snapshot->listeners[index].enabled) {
      account.line("note", "disabled: its certificate is not there yet");
      continue;
    }
    Exchange x;
    x.generation = &generation;
    x.listener = index;
    x.facts.listener = &listener;
    x.facts.tls = url->https;
    x.facts.request = &x.request;
    x.facts.target = &x.target;
    x.facts.client_ip = *from;
    x.forget_route();
    x.head_text = question.method + " " + url->target + " HTTP/1.1\r\nHost: " + url->authority + "\r\n\r\n";
    const auto parsed = read_head(settings, x);
    if (!parsed) {
      account.answer(parsed.error());
      continue;
    }
    http::Target target;
    const auto read = http::read_target(x.request, listener.odd_hosts, url->https ? 443 : 80, target);
    if (read && generation.front(index) != nullptr) x.rules = generation.front(index)->rules_of(target.host); // SNI is the Host
    const auto decided = decide(x);
    if (!x.target.decoded.empty() && x.target.decoded != x.target.path) account.line("path", x.target.decoded);
    if (!decided)
      account.answer(decided.error());
    else if (*decided == Way::redirect)
      account.line("answer", "308 to https");
    else if (*decided == Way::challenge)
      account.line("answer", "a file below " + listener.acme_webroot + " (ACME)");
    else if (*decided == Way::forward)
      explain_route(x, client, account);
  }
  return true;
}

} // namespace ledgergate
