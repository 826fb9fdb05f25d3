#include "published.h"

#include "require.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>

namespace ledgergate::fuzz {
namespace {

// As a server sees a name that makes variables of names: lower case, and '-' for all that is neither letter nor digit.
std::string variable(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out += std::isalnum(byte) != 0 && byte < 0x80 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return out;
}

// Written by the edge, whatever came.
const std::set<std::string> kOwn{"host",
                                 "content-length",
                                 "transfer-encoding",
                                 "x-forwarded-for",
                                 "x-forwarded-proto",
                                 "x-forwarded-host",
                                 "x-forwarded-port",
                                 "forwarded",
                                 "x-request-id",
                                 "via"};
// For one connection only, or believed of nobody.
const std::set<std::string> kNever{"connection",
                                   "keep-alive",
                                   "proxy-connection",
                                   "te",
                                   "trailer",
                                   "upgrade",
                                   "http2-settings",
                                   "proxy-authenticate",
                                   "proxy-authorization",
                                   "proxy-authentication-info",
                                   "expect",
                                   "proxy",
                                   "x-original-url",
                                   "x-rewrite-url",
                                   "x-client-name",
                                   "x-edge-key",
                                   "x-real-ip",
                                   "client-ip",
                                   "true-client-ip",
                                   "x-client-ip",
                                   "remote-user",
                                   "x-remote-user",
                                   "x-forwarded-user"};

std::set<std::string> named_in_connection(const http::RequestHead& request) {
  std::set<std::string> names;
  for (const auto& field : request.fields) {
    if (variable(field.name) != "connection") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      std::string_view each = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), each.size() + 1));
      while (!each.empty() && (each.front() == ' ' || each.front() == '\t')) each.remove_prefix(1);
      while (!each.empty() && (each.back() == ' ' || each.back() == '\t')) each.remove_suffix(1);
      names.insert(variable(each));
    }
  }
  return names;
}

// What no server is told by a caller, since it would believe it: docs/config.md, "Who calls, as the server reads it". All that
// begins so; by who would have said it.
constexpr std::array kOfTerminators{"ssl-",        "x-ssl-",    "tls-client",    "x-tls-",         "x-mtls-",      "x-client-",
                                    "cert-",       "x-cert-",   "x-certificate", "x-peer-cert",    "x-subject-dn", "x-issuer-dn",
                                    "client-cert", "client-dn", "client-s-dn",   "client-subject", "client-verif", "x-arr-",
                                    "wl-proxy-",   "proxy-",    "x-proxy-",      "x-clientcert",   "x-amzn-mtls-", "sslclient",
                                    "x-sslclient", "x-user-dn", "ms-aspnetcore-"};
constexpr std::array kOfLoginPages{"remote-",
                                   "x-remote-",
                                   "auth-user",
                                   "logon-user",
                                   "x-authenticated-",
                                   "x-auth-request-",
                                   "x-auth-user",
                                   "x-authentik-",
                                   "x-webauth-",
                                   "oidc-",
                                   "mellon-",
                                   "shib-",
                                   "sm-user",
                                   "iv-",
                                   "x-iisnode-",
                                   "x-ms-client-principal",
                                   "x-amzn-oidc-",
                                   "x-goog-authenticated-",
                                   "x-goog-iap-",
                                   "x-vouch-",
                                   "x-consumer-",
                                   "cf-access-",
                                   "tailscale-user-",
                                   "x-anonymous-consumer",
                                   "x-credential-",
                                   "x-pomerium-",
                                   "x-sso-"};
// Of the way it came: nobody is trusted to say that here, and four of these names are the edge's own.
constexpr std::array kOfProxies{"x-forwarded",     "forwarded-for", "cf-connecting-", "fastly-client-", "x-cluster-client-ip",
                                "front-end-https", "x-original-",   "x-edge-",        "x-envoy-",       "x-azure-clientip",
                                "x-azure-socketip"};
const std::set<std::string> kWhole{"x-ssl", "x-cert", "x-scheme", "x-url-scheme"};

bool withheld(const std::string& name) {
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return kWhole.count(name) != 0 || std::any_of(kOfTerminators.begin(), kOfTerminators.end(), begins) ||
         std::any_of(kOfLoginPages.begin(), kOfLoginPages.end(), begins) ||
         std::any_of(kOfProxies.begin(), kOfProxies.end(), begins);
}

} // namespace

Published::Published(const http::RequestHead& request) {
  listener.name = "internet";
  listener.address.port = 443;
  server.name = "shop";
  server.host = "192.0.2.10";
  server.authority = "192.0.2.10";
  route.name = "shop";
  facts.listener = &listener;
  facts.server = &server;
  facts.route = &route;
  facts.target = &target;
  facts.request = &request;
  facts.local_port = 443;
  facts.tls = true;
  facts.client_ip_text = "203.0.113.9";
  facts.request_id = "0123456789";
}

void Published::check_fields(const http::RequestHead& came, const http::RequestHead& goes) {
  for (const auto& name : kOwn) {
    const auto count =
        std::count_if(goes.fields.begin(), goes.fields.end(), [&](const auto& each) { return variable(each.name) == name; });
    require(count <= 1, "the edge's own fields are there once");
  }
  for (const auto& field : goes.fields) {
    const std::string name = variable(field.name);
    require(kNever.count(name) == 0, "what is between neighbours goes no further");
    require(kOwn.count(name) != 0 || !withheld(name), "who calls is not for the caller to say");
  }

  const auto options = named_in_connection(came);
  auto next = goes.fields.begin();
  std::size_t kept = 0;
  for (const auto& field : came.fields) {
    const std::string name = variable(field.name);
    if (kOwn.count(name) != 0 || kNever.count(name) != 0 || withheld(name)) continue;
    const auto found = std::find_if(next, goes.fields.end(),
                                    [&](const auto& each) { return each.name == field.name && each.value == field.value; });
    if (found == goes.fields.end()) {
      require(options.count(name) != 0, "all else stands as it came");
      continue;
    }
    next = found + 1;
    ++kept;
  }
  const auto others =
      std::count_if(goes.fields.begin(), goes.fields.end(), [](const auto& each) { return kOwn.count(variable(each.name)) == 0; });
  require(static_cast<std::size_t>(others) == kept, "nothing is there that nobody sent");
}

} // namespace ledgergate::fuzz
