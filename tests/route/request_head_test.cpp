#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

using settings::HeaderAction;
using settings::Variable;

TEST(RequestHead, OfTheVendorsClientKeepsItsFieldsOrderAndSpelling) {
  // The vendor's literal POST (docs/vendors.md, mServer).
  World w;
  w.request.method = http::Method::post;
  w.request.method_text = "POST";
  w.request.fields = {{"User-Agent", "User-Agent: STORMWARE HTTP client. http://www.stormware.cz"},
                      {"STW-Authorization", "Basic QDo="},
                      {"Content-Type", "text/xml"},
                      {"Accept-Encoding", "gzip, deflate"},
                      {"Host", "http://localhost:444"},
                      {"Content-Length", "673"},
                      {"Pragma", "no-cache"},
                      {"Connection", "Keep-Alive"}};
  w.target.host = "localhost";
  w.target.port = 444;
  EXPECT_EQ(w.send({http::BodyKind::length, 673}), "POST /xml HTTP/1.1\r\n"
                                                   "Host: 192.168.0.10:444\r\n"
                                                   "User-Agent: User-Agent: STORMWARE HTTP client. http://www.stormware.cz\r\n"
                                                   "STW-Authorization: Basic QDo=\r\n"
                                                   "Content-Type: text/xml\r\n"
                                                   "Accept-Encoding: gzip, deflate\r\n"
                                                   "Pragma: no-cache\r\n"
                                                   "Content-Length: 673\r\n"
                                                   "X-Forwarded-For: 203.0.113.9\r\n"
                                                   "X-Forwarded-Proto: https\r\n"
                                                   "X-Forwarded-Host: localhost:444\r\n"
                                                   "X-Forwarded-Port: 444\r\n"
                                                   "Forwarded: for=203.0.113.9;proto=https;host=\"localhost:444\"\r\n"
                                                   "X-Request-ID: id-1\r\n"
                                                   "Via: 1.1 ledgergate\r\n"
                                                   "\r\n");
}

TEST(RequestHead, ToAServerThatCountsCharactersAsksForPlainTextAndTheEnd) {
  World w;
  w.server.profile = settings::Profile::apicomprem;
  w.server.length_in_characters = true;
  w.request.fields = {{"Accept-Encoding", "gzip"}, {"accept_encoding", "br"}, {"Connection", "keep-alive"}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "Accept-Encoding"), "identity");
  EXPECT_EQ(values_of(head, "accept_encoding"), "");
  EXPECT_EQ(values_of(head, "Connection"), "close");
}

TEST(RequestHead, RawBytesAndOddDatesPassAsTheyCame) {
  World w;
  w.request.fields = {{"STW-Instance", "Export adres\xE1\xF8"
                                       "e"},
                      {"STW-application", "eShop"},
                      {"If-Modified-Since", "Wed, 19 Jun 2017 07:28:00"}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "STW-Instance"), "Export adres\xE1\xF8"
                                             "e");
  EXPECT_EQ(values_of(head, "STW-application"), "eShop");
  EXPECT_EQ(values_of(head, "If-Modified-Since"), "Wed, 19 Jun 2017 07:28:00");
}

class NeverForwarded : public testing::TestWithParam<const char*> {};
TEST_P(NeverForwarded, FromAStranger) {
  World w;
  w.request.fields = {{GetParam(), "forged"}, {"X-Kept", "yes"}};
  const auto head = w.send();
  EXPECT_EQ(head.find("forged"), std::string::npos) << head;
  EXPECT_EQ(values_of(head, "X-Kept"), "yes");
}
INSTANTIATE_TEST_SUITE_P(HopByHop, NeverForwarded,
                         testing::Values("Connection", "Keep-Alive", "keep_alive", "Proxy-Connection", "TE", "te", "Trailer",
                                         "Transfer-Encoding", "Transfer_Encoding", "Upgrade", "UPGRADE", "HTTP2-Settings",
                                         "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", "Expect",
                                         "Content_Length", "Proxy"));
INSTANTIATE_TEST_SUITE_P(Forwarding, NeverForwarded,
                         testing::Values("X-Forwarded-For", "x_forwarded_for", "X.Forwarded.For", "X-Forwarded",
                                         "X-Forwarded-Proto", "X-FORWARDED_HOST", "X-Forwarded-Port", "X-Forwarded-Server",
                                         "X-Forwarded-Anything", "Forwarded", "FORWARDED", "X-Real-IP", "X_Real_IP", "X-Request-ID",
                                         "X-Request_Id", "Client-IP", "True-Client-IP", "X-Original-URL", "X-Rewrite-URL"));
INSTANTIATE_TEST_SUITE_P(Identity, NeverForwarded,
                         testing::Values("X-Client-Name", "x-client-name", "X_Client_Name", "X-Client-Cert",
                                         "X-Client-Cert-Subject", "X_CLIENT_CERT_SERIAL", "X-Edge-Key", "X-Edge-Anything",
                                         "x_edge_key", "X-SSL-Client-Cert", "X-SSL-Client", "X_Ssl_Client_Verify",
                                         "SSL-Client-Cert", "SSL_CLIENT_S_DN", "Remote-User", "X-Forwarded-Client-Cert"));
// What front servers call it, as far as one is known to: by prefix, since each has more of them with each version.
INSTANTIATE_TEST_SUITE_P(
    IdentityOfFrontServers, NeverForwarded,
    testing::Values(
        "Client-Cert", "client-cert", "CLIENT_CERT", "Client.Cert", "Client-Cert-Chain",
        "Client_Cert_Chain", // RFC 9440
        "Client-Certificate", "Client-Verify", "Client-DN", "Client-S-DN", "Client-Subject", "X-Client-Subject", "x_client_subject",
        "X.Client.Subject", "X-CLIENT_SUBJECT", "X-Client-S-DN", "X-Client-Verified", "X-Client-Certificate",
        "X-Client-Fingerprint", "X-Client-SAN", "X-Client-Id", "X-ClientCert", "X-SSL", "X-SSL-Cert", "X-SSL-Subject",
        "X-SSL-Verified", "x_ssl_issuer", "X~SSL~Subject", "SSL-Cert", "Ssl-Subject-Dn", "SSL_SESSION_ID", "X-TLS-Client-Cert",
        "X_TLS_Subject", "TLS-Client-Cert", "X-MTLS-Subject", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info",
        "X_FORWARDED_TLS_CLIENT_CERT", "X-Forwarded-SSL-Client-Cert", "X-Forwarded-Email", "X-Forwarded-Groups",
        "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-ARR-ClientCert", "X_ARR_ClientCert", "X-ARR-SSL",
        "X-Remote-User", "X-Remote-Group", "X-Remote-Extra-Scopes", "Remote-Groups", "Remote-Name", "Remote_Email",
        "X-Auth-Request-User", "X-Auth-Request-Email", "X-Authenticated-User", "X-Authenticated-Userid", "X-Authentik-Username",
        "X-WebAuth-User", "X-MS-Client-Principal", "X-MS-Client-Principal-Name", "X-Amzn-Mtls-Clientcert-Subject",
        "X-Amzn-Oidc-Data", "X-Goog-Authenticated-User-Email", "X-Goog-IAP-JWT-Assertion", "X-Certificate-Subject", "X-Cert-Serial",
        "X-Cert", "Cert-Subject", "CERT_ISSUER", "X-Subject-DN", "X-Issuer-DN", "X-Peer-Certificate", "X-Proxy-User", "Proxy-User",
        "Proxy-Client-IP", "WL-Proxy-Client-Cert", "WL-Proxy-SSL", "OIDC_CLAIM_email", "Mellon-User", "Shib-Identity-Provider",
        "SM_USER", "iv-user", "iv_groups", "Auth-User", "Logon-User", "X-iisnode-auth_user", "MS-ASPNETCORE-CLIENTCERT",
        "MS-ASPNETCORE-WINAUTHTOKEN", "MS-ASPNETCORE-TOKEN", "ms_aspnetcore_clientcert", "X-Credential-Identifier",
        "X-Credential-Username", "X-Anonymous-Consumer", "X_Anonymous_Consumer", "X-Pomerium-Jwt-Assertion",
        "X-Pomerium-Claim-Email", "X-SSO-User", "X_SSO_USER", "X-User-DN", "X.User.DN", "X-SSLClientCert", "SSLClientCert",
        "SSLClientCertStatus", "X_SslClientCertSn", "X-Scheme", "X_SCHEME", "X-Url-Scheme", "X-Envoy-External-Address",
        "X-Envoy-Peer-Metadata", "X-Azure-ClientIP", "X_Azure_SocketIP", "X-Remote-Addr", "Remote-Addr", "X-WebAuth-Name",
        "REMOTE_USER", "Client-Issuer", "Client-I-DN", "Client-Fingerprint", "Client-Serial", "Client-SAN", "Client-SAN-DNS",
        "ClientCert", "ClientCertificate", "X-mTLS", "X_MTLS", "X-PeerCert", "X-PeerCertificate", "TLS-Cipher", "TLS-Version",
        "TLS_SNI", "X-SubjectDN", "X-IssuerDN", "X-UserDN", "Subject-DN", "OAM-Remote-User", "OAM_IDENTITY_DOMAIN"));
// Separators in front of a name or in a row, and what CGI programs put before a variable.
INSTANTIATE_TEST_SUITE_P(
    DressedUp, NeverForwarded,
    testing::Values("X--Client--Cert", "-Client-Cert", "_Client_Cert", "X-_Client-.Cert", "__X-SSL", "Client--Cert",
                    "X--Forwarded-For", "-Forwarded", "X-Forwarded--User", ".Remote_User", "-X-Real-IP", "_X_Client_Name",
                    "X__Edge__Key", "HTTP_CLIENT_CERT", "HTTP-X-Forwarded-For", "HTTP_PROXY", "HTTP_X_SSL_CERT",
                    "_HTTP__CLIENT__CERT", "REDIRECT_REMOTE_USER", "Redirect-SSL-Client-Cert", "REDIRECT_REDIRECT_REMOTE_USER",
                    "REDIRECT_HTTP_REMOTE_USER",
                    "X--Client-Cert-of-a-name-that-is-longer-than-any-entry-of-the-table-and-than-sixty-four-letters"));

TEST(RequestHead, OfAServersOwnUsersAndKeysNothingIsMissed) {
  World w;
  const char* const kept[] = {"STW-Authorization",
                              "STW-Application",
                              "X-Auth-Token",
                              "X-API-Key",
                              "X-User-Id",
                              "Clientele",
                              "X-Clients",
                              "X-Requested-With",
                              "X-CSRF-Token",
                              "IBSession",
                              "X-Certainly",
                              "SSLSession",
                              "Remotely",
                              "X-Session-Id",
                              "Authentication",
                              "ID-UJ",
                              "X-Tlsomething",
                              "Client-Sandbox",
                              "X-mTLSomething",
                              "HTTP_ACCEPT",
                              "Redirect-URI",
                              "HTTP-",
                              "--",
                              "-Host-Name",
                              "X--Own",
                              "Oamlet"};
  for (const char* name : kept) w.request.fields.push_back({name, "own"});
  const auto head = w.send();
  for (const char* name : kept) EXPECT_EQ(values_of(head, name), "own") << name;
}

TEST(RequestHead, IdentityFieldsDoNotPassFromATrustedProxyEither) {
  World w;
  w.behind_proxy();
  w.request.fields = {
      {"X-Client-Name", "forged"},    {"X_Forwarded_For", "forged"},   {"X-Edge-Key", "forged"},
      {"X-Forwarded-User", "forged"}, {"X-Forwarded-Email", "forged"}, {"X-Forwarded-Tls-Client-Cert", "forged"},
      {"Client-Cert", "forged"},      {"X-Client-Subject", "forged"},  {"X_Forwarded_Tls_Client_Cert_Info", "forged"}};
  EXPECT_EQ(w.send().find("forged"), std::string::npos);
}

TEST(RequestHead, FieldsNamedInConnectionAreDropped) {
  World w;
  w.request.fields = {{"Connection", "close, X-Mine"},
                      {"X-Mine", "1"},
                      {"x-other", "2"},
                      {"X-More", "3"},
                      {"connection", "\tX-OTHER ,, keep-alive"}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Mine"), "");
  EXPECT_EQ(values_of(head, "x-other"), "");
  EXPECT_EQ(values_of(head, "X-More"), "3");
  EXPECT_EQ(values_of(head, "Connection"), "");
}

// The edge judges a body by them (operation rules); a server that never got them would read another one.
TEST(RequestHead, ConnectionCannotNameAwayWhatSaysHowToReadTheBody) {
  World w;
  w.request.fields = {{"Connection", "Content-Encoding, Content-Type"}, {"Content-Encoding", "gzip"}, {"Content-Type", "text/xml"}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "Content-Encoding"), "gzip");
  EXPECT_EQ(values_of(head, "Content-Type"), "text/xml");
}

TEST(RequestHead, ConnectionCannotNameAwayFramingCredentialsOrOurFields) {
  World w;
  w.request.method = http::Method::post;
  w.request.method_text = "POST";
  w.request.fields = {
      {"Connection",
       "Host, Content-Length, Authorization, STW-Authorization, Cookie, ID-UJ, STW-Check-Duplicity, X-Forwarded-For, Via"},
      {"Host", "ucto.example.cz"},
      {"Content-Length", "5"},
      {"Authorization", "Basic YTpi"},
      {"stw-authorization", "Basic QDo="},
      {"Cookie", "a=b"},
      {"ID-UJ", "uuid"},
      {"STW-Check-Duplicity", "true"}};
  const auto head = w.send({http::BodyKind::length, 5});
  EXPECT_EQ(values_of(head, "Host"), "192.168.0.10:444");
  EXPECT_EQ(values_of(head, "Content-Length"), "5");
  EXPECT_EQ(values_of(head, "Authorization"), "Basic YTpi");
  EXPECT_EQ(values_of(head, "stw-authorization"), "Basic QDo=");
  EXPECT_EQ(values_of(head, "Cookie"), "a=b");
  EXPECT_EQ(values_of(head, "ID-UJ"), "uuid");
  EXPECT_EQ(values_of(head, "STW-Check-Duplicity"), "true");
  EXPECT_EQ(values_of(head, "X-Forwarded-For"), "203.0.113.9");
  EXPECT_EQ(values_of(head, "Via"), "1.1 ledgergate");
}

TEST(RequestHead, BodyIsFramedByTheEdgeAlone) {
  World w;
  w.request.fields = {{"Transfer-Encoding", "chunked"}, {"Content-Length", "99"}};
  const auto chunked = w.send({http::BodyKind::chunked, 0});
  EXPECT_EQ(values_of(chunked, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(values_of(chunked, "Content-Length"), "");
  const auto length = w.send({http::BodyKind::length, 7});
  EXPECT_EQ(values_of(length, "Transfer-Encoding"), "");
  EXPECT_EQ(values_of(length, "Content-Length"), "7");
  EXPECT_EQ(values_of(w.send(), "Content-Length"), "");
  w.request.method = http::Method::post; // the empty POST /status of real clients
  w.request.method_text = "POST";
  EXPECT_EQ(values_of(w.send(), "Content-Length"), "0");
}

TEST(RequestHead, HostIsWhatTheRouteSays) {
  World w;
  w.target.port = 8443;
  w.route.upstream_host = settings::UpstreamHost::client;
  EXPECT_EQ(values_of(w.send(), "Host"), "ucto.example.cz:8443");
  w.target.host = "2001:db8::1";
  EXPECT_EQ(values_of(w.send(), "Host"), "[2001:db8::1]:8443");
  w.target.host.clear();
  EXPECT_EQ(values_of(w.send(), "Host"), "192.168.0.10:444");
  w.route.upstream_host = settings::UpstreamHost::literal;
  w.route.upstream_host_literal = "localhost:444";
  EXPECT_EQ(values_of(w.send(), "Host"), "localhost:444");
}

TEST(RequestHead, AnIpv6CallerIsQuotedInForwarded) {
  World w;
  w.facts.client_ip_text = "2001:db8::9";
  w.facts.tls = false;
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Forwarded-For"), "2001:db8::9");
  EXPECT_EQ(values_of(head, "Forwarded"), "for=\"[2001:db8::9]\";proto=http;host=ucto.example.cz");
  EXPECT_EQ(values_of(head, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(values_of(head, "X-Forwarded-Port"), "80");
}

TEST(RequestHead, WithoutHostNoneIsForwardedAndThePortIsTheListeners) {
  World w;
  w.target.host.clear();
  w.request.minor = 0;
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Forwarded-Host"), "");
  EXPECT_EQ(values_of(head, "X-Forwarded-Port"), "8443");
  EXPECT_EQ(values_of(head, "Forwarded"), "for=203.0.113.9;proto=https");
  EXPECT_EQ(values_of(head, "Via"), "1.0 ledgergate"); // RFC 9110 section 7.6.3: the version that was received
}

TEST(RequestHead, ATrustedProxysListsAreExtended) {
  World w;
  w.behind_proxy();
  w.facts.tls = false;
  w.facts.said_scheme = "https";
  w.facts.said_host = "pub.example.cz";
  w.facts.said_port = 8443;
  w.request.fields = {{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"},
                      {"Forwarded", "for=203.0.113.9"},    {"Via", "1.1 front"},
                      {"X-Forwarded-Proto", "https"},      {"X-Forwarded-Server", "front"},
                      {"X-Real-IP", "203.0.113.9"}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Forwarded-For"), "198.51.100.1, 203.0.113.9, 10.0.0.1");
  EXPECT_EQ(values_of(head, "Forwarded"), "for=203.0.113.9, for=10.0.0.1;proto=http;host=ucto.example.cz");
  EXPECT_EQ(values_of(head, "Via"), "1.1 front, 1.1 ledgergate");
  EXPECT_EQ(values_of(head, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(values_of(head, "X-Forwarded-Host"), "pub.example.cz:8443");
  EXPECT_EQ(values_of(head, "X-Forwarded-Port"), "8443");
  EXPECT_EQ(values_of(head, "X-Forwarded-Server"), "front");
  EXPECT_EQ(values_of(head, "X-Real-IP"), "203.0.113.9");
}

TEST(RequestHead, WhatATrustedProxySaidInOneFormIsSaidInBoth) {
  World w;
  w.behind_proxy();
  w.facts.said_scheme = "https";
  w.facts.said_host = "pub.example.cz:8443";
  w.request.fields = {{"X-Forwarded-For", "203.0.113.9"}};
  EXPECT_EQ(values_of(w.send(), "Forwarded"),
            "for=203.0.113.9;proto=https;host=\"pub.example.cz:8443\", for=10.0.0.1;proto=https;host=ucto.example.cz");
  w.request.fields = {{"Forwarded", "for=203.0.113.9"}};
  EXPECT_EQ(values_of(w.send(), "X-Forwarded-For"), "203.0.113.9, 10.0.0.1");
}

TEST(RequestHead, AViaThatCameIsExtended) {
  World w;
  w.request.fields = {{"Via", "1.0 fred"}, {"VIA", "1.1 p.example.net"}};
  EXPECT_EQ(values_of(w.send(), "Via"), "1.0 fred, 1.1 p.example.net, 1.1 ledgergate");
}

TEST(RequestRules, SetAddAndRemoveComeLast) {
  World w;
  w.request.fields = {{"X-Shop", "caller"}, {"x_shop", "twin"}, {"X-Gone", "1"}, {"X-More", "caller"}};
  w.route.request_headers = {rule(HeaderAction::set, "X-Shop", {literal("ours")}), rule(HeaderAction::remove, "X-Gone"),
                             rule(HeaderAction::add, "X-More", {literal("ours")})};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Shop"), "ours");
  EXPECT_EQ(values_of(head, "x_shop"), "");
  EXPECT_EQ(values_of(head, "X-Gone"), "");
  EXPECT_EQ(values_of(head, "X-More"), "caller|ours");
}

TEST(RequestRules, MayReplaceOurFieldsButNotFraming) {
  World w;
  w.route.request_headers = {rule(HeaderAction::remove, "Via"),
                             rule(HeaderAction::set, "x-forwarded-proto", {literal("http")}),
                             rule(HeaderAction::set, "Content-Length", {literal("0")}),
                             rule(HeaderAction::add, "Transfer-Encoding", {literal("chunked")}),
                             rule(HeaderAction::set, "Host", {literal("other")}),
                             rule(HeaderAction::remove, "Host"),
                             rule(HeaderAction::set, "Connection", {literal("upgrade")})};
  const auto head = w.send({http::BodyKind::length, 5});
  EXPECT_EQ(values_of(head, "Via"), "");
  EXPECT_EQ(values_of(head, "X-Forwarded-Proto"), "");
  EXPECT_EQ(values_of(head, "x-forwarded-proto"), "http");
  EXPECT_EQ(values_of(head, "Content-Length"), "5");
  EXPECT_EQ(values_of(head, "Transfer-Encoding"), "");
  EXPECT_EQ(values_of(head, "Host"), "192.168.0.10:444");
  EXPECT_EQ(values_of(head, "Connection"), "");
}

TEST(RequestRules, VariablesSpeakOfTheRequest) {
  World w;
  w.facts.client_name = "till-brno";
  w.facts.tls_cipher = "TLS_AES_128_GCM_SHA256";
  w.facts.tls_sni = "sni.example.cz";
  w.route.request_headers = {rule(HeaderAction::set, "X-A",
                                  {variable(Variable::client_ip), literal(" "), variable(Variable::client_port), literal(" "),
                                   variable(Variable::client_name), literal(" "), variable(Variable::request_id), literal(" "),
                                   variable(Variable::request_method), literal(" "), variable(Variable::request_host), literal(" "),
                                   variable(Variable::request_path)}),
                             rule(HeaderAction::set, "X-B",
                                  {variable(Variable::request_scheme), literal(" "), variable(Variable::listener_name),
                                   literal(" "), variable(Variable::route_name), literal(" "), variable(Variable::server_name),
                                   literal(" "), variable(Variable::tls_version), literal(" "), variable(Variable::tls_cipher),
                                   literal(" "), variable(Variable::tls_sni)})};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-A"), "203.0.113.9 50000 till-brno id-1 GET ucto.example.cz /xml");
  EXPECT_EQ(values_of(head, "X-B"), "https internet ucto pohoda TLSv1.3 TLS_AES_128_GCM_SHA256 sni.example.cz");
}

TEST(RequestRules, ValuesCannotBreakOutOfTheirLine) {
  World w;
  w.facts.client_name = "a\r\nX-Evil: 1\n";
  w.route.request_headers = {rule(HeaderAction::set, "X-Name", {variable(Variable::client_name), literal("\r\nX-Evil: 2\x7F")}),
                             rule(HeaderAction::add, "X-\r\nEvil", {literal("3")})};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "X-Name"), "aX-Evil: 1X-Evil: 2");
  EXPECT_EQ(values_of(head, "X-Evil"), "3");
  EXPECT_EQ(values_of(head, "Evil"), "");
}

TEST(RequestRules, AnEmptyValueWritesNothingAndALaterRuleUndoesAnEarlierOne) {
  World w;
  w.request.fields = {{"X-Name", "forged"}};
  w.route.request_headers = {rule(HeaderAction::set, "X-Name", {variable(Variable::client_name)}),
                             rule(HeaderAction::add, "X-Twice", {literal("1")}), rule(HeaderAction::set, "X-Twice", {literal("2")}),
                             rule(HeaderAction::add, "X-Twice", {literal("3")})};
  const auto head = w.send();
  EXPECT_EQ(head.find("X-Name"), std::string::npos);
  EXPECT_EQ(values_of(head, "X-Twice"), "2|3");
}

} // namespace
} // namespace ledgergate::route
