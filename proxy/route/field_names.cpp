#include "route/field_names.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ledgergate::route {
namespace {

using enum FieldKind;

constexpr auto kFold = [] {
  std::array<char, 256> fold{};
  for (std::size_t c = 0; c < fold.size(); ++c) {
    fold[c] = '-';
    if (c >= '0' && c <= '9') fold[c] = static_cast<char>(c);
    if (c >= 'a' && c <= 'z') fold[c] = static_cast<char>(c);
    if (c >= 'A' && c <= 'Z') fold[c] = static_cast<char>(c + ('a' - 'A'));
  }
  return fold;
}();

constexpr char fold(char c) noexcept { return kFold[static_cast<unsigned char>(c)]; }

struct Entry {
  std::string_view name; // folded
  bool prefix;           // all that begins so
  FieldKind kind;
};

// Of one letter the first match counts, so what is longer stands before the prefixes that hold it.
//
// A server behind a TLS terminator or a login page believes what that one says of its caller. What the well-known ones call it is
// here: nginx's and Apache's examples (SSL-Client-*, X-SSL-*, X-Client-*), RFC 9440, Traefik (X-Forwarded-Tls-*), Envoy, IIS ARR,
// WebLogic, oauth2-proxy, Authelia, authentik, Kubernetes, mod_auth_openidc, mod_auth_mellon, Shibboleth, SiteMinder, WebSEAL,
// Amazon, Azure, Google.
constexpr auto kRequest = std::to_array<Entry>({
    {"auth-user", false, edge_only},
    {"authorization", false, credential},
    {"cf-access-", true, edge_only}, // Cloudflare
    {"cf-connecting-", true, edge_only},
    {"cert-", true, identity},        // CERT_SUBJECT is IIS's own name for it
    {"client-cert", true, edge_only}, // RFC 9440
    {"client-fingerprint", true, identity},
    {"client-i-dn", true, identity},
    {"client-issuer", true, identity},
    {"client-dn", true, identity},
    {"client-ip", false, edge_only}, // what PHP programs ask beside X-Forwarded-For
    {"client-s-dn", true, identity},
    {"client-san", false, identity},
    {"client-san-", true, identity},
    {"client-serial", true, identity},
    {"client-subject", true, identity},
    {"client-verif", true, identity},
    {"clientcert", true, edge_only},
    {"connection", false, connection},
    {"content-encoding", false, credential}, // how the body is to be read, and was judged
    {"content-length", false, framing},
    {"content-type", false, credential}, // the same
    {"cookie", false, credential},
    {"expect", false, framing}, // the edge answers 100 itself (docs/invariants.md, "A refusal arrives")
    {"fastly-client-", true, edge_only},
    {"forwarded", false, forwarded},
    {"forwarded-for", true, edge_only}, // PHP programs ask it beside Client-IP
    {"front-end-https", false, edge_only},
    {"host", false, framing},
    {"http2-settings", false, hop}, // RFC 7540 section 3.2.1: goes with Upgrade
    {"id-uj", false, credential},   // docs/vendors.md, ApiComPrem: the accounting unit
    {"issuer-dn", true, identity},
    {"iv-", true, identity},
    {"keep-alive", false, hop},
    {"logon-user", false, edge_only},
    {"mellon-", true, identity},
    {"ms-aspnetcore-", true, edge_only}, // IIS's module for ASP.NET Core: the caller's certificate and Windows login
    {"oam-", true, identity},            // Oracle Access Manager
    {"oidc-", true, identity},
    {"proxy", false, edge_only}, // CGI would make HTTP_PROXY of it (CVE-2016-5385)
    {"proxy-authenticate", false, hop},
    {"proxy-authentication-info", false, hop},
    {"proxy-authorization", false, hop},
    {"proxy-connection", false, hop},
    {"proxy-", true, identity},
    {"remote-user", false, edge_only},
    {"remote-", true, identity},
    {"shib-", true, identity},
    {"sm-user", true, identity},
    {"ssl-client", true, edge_only},
    {"sslclient", true, edge_only},
    {"ssl-", true, identity},
    {"stw-", true, credential}, // docs/vendors.md, mServer: STW-Authorization and what belongs to it
    {"subject-dn", true, identity},
    {"tailscale-user-", true, edge_only},
    {"te", false, hop},
    {"tls-client", true, edge_only},
    {"tls-", true, identity},
    {"trailer", false, hop},
    {"transfer-encoding", false, framing},
    {"true-client-ip", false, edge_only},
    {"upgrade", false, hop},
    {"user-dn", true, identity},
    {"via", false, via},
    {"wl-proxy-", true, edge_only},
    {"x-amzn-mtls-", true, edge_only},
    {"x-amzn-oidc-", true, edge_only},
    {"x-anonymous-consumer", true, edge_only}, // Kong, as X-Consumer- and X-Credential-
    {"x-arr-", true, edge_only},               // IIS takes X-ARR-ClientCert for the client's certificate
    {"x-auth-request-", true, edge_only},
    {"x-auth-user", true, edge_only},
    {"x-authenticated-", true, identity},
    {"x-authentik-", true, edge_only},
    {"x-azure-clientip", true, edge_only},
    {"x-azure-socketip", true, edge_only},
    {"x-cert", false, identity},
    {"x-cert-", true, identity},
    {"x-certificate", true, identity},
    {"x-client-cert", true, edge_only},
    {"x-client-dn", true, edge_only},
    {"x-client-ip", false, edge_only},
    {"x-client-name", false, edge_only},
    {"x-client-s-dn", true, edge_only},
    {"x-client-subject", true, edge_only},
    {"x-client-verif", true, edge_only},
    {"x-client-", true, identity},
    {"x-clientcert", true, edge_only},
    {"x-cluster-client-ip", false, edge_only},
    {"x-consumer-", true, edge_only},
    {"x-credential-", true, edge_only},
    {"x-edge-", true, edge_only},
    {"x-envoy-external-address", true, edge_only},
    {"x-envoy-", true, identity},
    {"x-forwarded-access-token", false, edge_only},
    {"x-forwarded-client-", true, edge_only},
    {"x-forwarded-email", false, edge_only},
    {"x-forwarded-for", false, forwarded_for},
    {"x-forwarded-groups", false, edge_only},
    {"x-forwarded-host", false, edge_only},
    {"x-forwarded-port", false, edge_only},
    {"x-forwarded-preferred-username", false, edge_only},
    {"x-forwarded-proto", false, edge_only},
    {"x-forwarded-ssl-", true, edge_only},
    {"x-forwarded-tls-", true, edge_only},
    {"x-forwarded-user", true, edge_only},
    {"x-forwarded", true, forwarding},
    {"x-goog-authenticated-", true, edge_only},
    {"x-goog-iap-", true, edge_only},
    {"x-iisnode-", true, edge_only},
    {"x-issuer-dn", true, identity},
    {"x-issuerdn", true, identity},
    {"x-ms-client-principal", true, edge_only},
    {"x-mtls", false, identity},
    {"x-mtls-", true, identity},
    {"x-original-", true, edge_only}, // X-Original-URL: some servers believe it over the request line that was checked
    {"x-peer-cert", true, identity},
    {"x-peercert", true, identity},
    {"x-pomerium-", true, edge_only},
    {"x-proxy-", true, identity},
    {"x-real-ip", false, forwarding},
    {"x-remote-user", false, edge_only},
    {"x-remote-", true, identity},
    {"x-request-id", false, edge_only},
    {"x-rewrite-url", false, edge_only},
    {"x-scheme", false, edge_only}, // of ingress-nginx: as X-Forwarded-Proto
    {"x-ssl-client", true, edge_only},
    {"x-sslclient", true, edge_only},
    {"x-sso-", true, identity},
    {"x-ssl", false, identity},
    {"x-ssl-", true, identity},
    {"x-subject-dn", true, identity},
    {"x-subjectdn", true, identity},
    {"x-tls-client", true, edge_only},
    {"x-tls-", true, identity},
    {"x-url-scheme", false, edge_only},
    {"x-user-dn", true, identity},
    {"x-userdn", true, identity},
    {"x-vouch-", true, edge_only},
    {"x-webauth-", true, edge_only},
});

constexpr auto kReply = std::to_array<Entry>({
    {"access-control-allow-origin", false, origins},
    {"alt-svc", false, edge_only}, // RFC 7838: where else the server is, past the edge
    {"connection", false, connection},
    {"content-base", false, location}, // RFC 2068 section 14.11
    {"content-length", false, framing},
    {"content-location", false, location},
    {"dataserviceid", false, location}, // OData 3: what a POST has made
    {"date", false, date},
    {"keep-alive", false, hop},
    {"link", false, links},
    {"location", false, location},
    {"odata-entityid", false, location}, // OData 4
    {"operation-location", false, location},
    {"proxy-authenticate", false, hop},
    {"proxy-authentication-info", false, hop},
    {"proxy-authorization", false, hop},
    {"proxy-connection", false, hop},
    {"proxy-support", false, hop}, // RFC 4559 section 6: the edge's own word
    {"refresh", false, refresh},
    {"set-cookie", false, cookie},
    {"sourcemap", false, location},
    {"strict-transport-security", false, transport_security},
    {"te", false, hop},
    {"timing-allow-origin", false, origins},
    {"trailer", false, hop},
    {"transfer-encoding", false, framing},
    {"upgrade", false, hop},
    {"uri", false, links}, // RFC 2068 section 19.6.2.5
    {"via", false, via},
    {"www-authenticate", false, challenge},
    {"x-pingback", false, location},
    {"x-request-id", false, edge_only},
    {"x-sourcemap", false, location},
});

// first[c - 'a'] .. first[c - 'a' + 1] are the entries that begin with the letter c.
using Letters = std::array<std::uint8_t, 27>;

template <std::size_t N>
consteval Letters index(const std::array<Entry, N>& table) {
  static_assert(N < 256);
  Letters first{};
  for (std::size_t letter = 0; letter < first.size(); ++letter)
    for (const Entry& entry : table)
      if (static_cast<std::size_t>(entry.name[0] - 'a') < letter) ++first[letter];
  return first;
}

template <std::size_t N>
consteval bool sorted_by_letter(const std::array<Entry, N>& table) {
  for (std::size_t i = 1; i < N; ++i)
    if (table[i].name[0] < table[i - 1].name[0]) return false;
  return true;
}

static_assert(sorted_by_letter(kRequest) && sorted_by_letter(kReply));
constexpr Letters kRequestLetters = index(kRequest);
constexpr Letters kReplyLetters = index(kReply);

// A twin ('_' for '-') of a field that the edge reads or keeps is not that field.
FieldKind twin(FieldKind kind) noexcept {
  switch (kind) {
  case forwarded_for:
  case forwarding:
  case identity: return edge_only;
  case credential:
  case transport_security:
  case location:
  case links:
  case refresh:
  case origins:
  case challenge:
  case cookie: return ordinary;
  default: return kind;
  }
}

FieldKind look_up(const Entry* table, const Letters& letters, std::string_view name) noexcept {
  if (name.empty()) return ordinary;
  const auto letter = static_cast<std::size_t>(static_cast<unsigned char>(fold(name[0]))) - 'a';
  if (letter >= 26) return ordinary;
  for (std::size_t i = letters[letter]; i < letters[letter + 1]; ++i) {
    const Entry& entry = table[i];
    if (entry.prefix ? name.size() < entry.name.size() : name.size() != entry.name.size()) continue;
    bool exact = true;
    std::size_t at = 1;
    for (; at < entry.name.size() && fold(name[at]) == entry.name[at]; ++at)
      if (entry.name[at] == '-' && name[at] != '-') exact = false;
    if (at < entry.name.size()) continue;
    for (; at < name.size(); ++at)
      if (fold(name[at]) == '-' && name[at] != '-') exact = false;
    return exact ? entry.kind : twin(entry.kind);
  }
  return ordinary;
}

bool separates(char c) noexcept { return fold(c) == '-'; }

// The name without separators in front of it, and one where there are several in a row. The longest entry is shorter than this.
using Folded = std::array<char, 64>;
std::string_view fold_separators(std::string_view name, Folded& room) noexcept {
  std::size_t size = 0;
  bool behind = true; // a separator
  for (const char c : name) {
    const bool separator = separates(c);
    if (separator && behind) continue;
    behind = separator;
    if (size == room.size()) break;
    room[size++] = separator ? '-' : c;
  }
  return {room.data(), size};
}

// Whether a separator stands where the table has none.
bool holds_more_separators(std::string_view name) noexcept {
  bool behind = true;
  for (const char c : name) {
    const bool separator = separates(c);
    if (separator && behind) return true;
    behind = separator;
  }
  return false;
}

// What CGI programs, and Apache behind a redirection, put before the name of a variable.
bool take_variable_prefix(std::string_view& name) noexcept {
  for (const std::string_view prefix : {"http-", "redirect-"}) {
    if (name.size() <= prefix.size()) continue;
    if (!std::equal(prefix.begin(), prefix.end(), name.begin(), [](char wanted, char c) { return wanted == fold(c); })) continue;
    name.remove_prefix(prefix.size());
    return true;
  }
  return false;
}

// A name that is no entry's, and that a careless server could take for one of who calls.
bool looks_like_callers(std::string_view name) noexcept {
  Folded room;
  const bool more = holds_more_separators(name);
  if (more) name = fold_separators(name, room);
  bool taken = false;
  while (take_variable_prefix(name)) taken = true;
  if (!more && !taken) return false;
  switch (look_up(kRequest.data(), kRequestLetters, name)) {
  case forwarded:
  case forwarded_for:
  case forwarding:
  case identity:
  case edge_only: return true;
  default: return false;
  }
}

} // namespace

FieldKind request_kind(std::string_view name) noexcept {
  const FieldKind kind = look_up(kRequest.data(), kRequestLetters, name);
  return kind == ordinary && looks_like_callers(name) ? edge_only : kind;
}

FieldKind reply_kind(std::string_view name) noexcept { return look_up(kReply.data(), kReplyLetters, name); }

bool same_variable(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (fold(a[i]) != fold(b[i])) return false;
  return true;
}

} // namespace ledgergate::route
