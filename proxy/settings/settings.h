// The settings snapshot: what the YAML file (or the command line) says, checked, with every default filled in.
//
// Invariants: built on the main thread by load.cpp, immutable from then on, shared by all workers as
// std::shared_ptr<const Settings>, swapped whole on reload. Names are unique; every reference (route -> server, route -> listener)
// has been resolved to an index. Times are milliseconds, sizes are bytes.
#pragma once

#include "base/address.h"
#include "settings/identity.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::settings {

using Millis = std::chrono::milliseconds;

// Who goes first when several wait for a turn at a server (docs/invariants.md, "The queue is fair"); inside a class all share
// fairly.
enum class TurnClass : std::uint8_t { high, normal, bulk };

enum class Profile : std::uint8_t { http, mserver, apicomprem, eshop, onec, mobile_smarts };

// Of the edge's own texts.
enum class Language : std::uint8_t { en, cs, sk };

// Which bodies are kept whole at the edge, so that a slow caller does not hold the server.
enum class SpoolChoice : std::uint8_t { by_profile, off, request, reply, both };

// --- listen -------------------------------------------------------------------------------------------------------------------

struct CertificateFiles {
  std::filesystem::path chain; // PEM: leaf first, then intermediates
  std::filesystem::path key;   // PEM, not encrypted
  bool operator==(const CertificateFiles&) const = default;
};

enum class ListenerKind : std::uint8_t {
  https,    // certificates given
  redirect, // `redirect: https`
  plain,    // `tls: off`
  admin,    // of `admin`: the edge itself answers, in plain HTTP
};

// What makes a caller's certificate good.
struct CallerCertificates {
  std::vector<std::string> ca; // PEM files; empty: no caller is asked for one
  std::string crl;             // PEM file, read again when it changes; empty: none
  bool required = false;       // no handshake without one
  std::uint32_t depth = 2;     // CA certificates between the caller's and one of `ca`, at most
  bool operator==(const CallerCertificates&) const = default;
};

struct Listener {
  std::string name; // given, or the address
  Endpoint address;
  ListenerKind kind = ListenerKind::https;
  std::vector<CertificateFiles> certificates;
  CallerCertificates callers;
  // Server names with rules of their own, lower case; "*.example.cz" matches one label. All others go by `callers`.
  std::vector<std::pair<std::string, CallerCertificates>> names;
  Proofs require = kNoProof;              // besides what the route requires
  bool proxy_protocol = false;            // trusted_proxies begin each connection with a PROXY line (v1 or v2)
  std::string acme_webroot;               // empty: none. Serves /.well-known/acme-challenge/ from here
  std::uint16_t redirect_port = 443;      // the port named in the redirect's Location
  bool odd_hosts = true;                  // a Host of the form http://host:port is understood
  std::uint32_t max_connections = 10'000; // over all workers
};

// --- servers ------------------------------------------------------------------------------------------------------------------

struct ServerTls {
  bool verify = true;
  std::string ca;   // PEM file; empty: the system's store
  std::string name; // name to verify and to send as SNI; empty: the URL's host
  std::optional<CertificateFiles> client_certificate;
  bool operator==(const ServerTls&) const = default;
};

struct ServerTimeouts {
  Millis connect{5'000};           // resolve + connect + TLS, all addresses together
  Millis send{60'000};             // longest wait for the server to take more of the request
  Millis reply{120'000};           // last request byte sent -> reply head complete; the profile sets the default
  Millis stall{60'000};            // longest silence inside a reply body
  Millis whole_reply{60 * 60'000}; // reply head -> its last byte, of a reply that is spooled
  Millis idle{55'000};             // how long an unused connection is kept
  Millis tunnel{10 * 60'000};      // longest silence in a WebSocket
};

// Waiting for a turn at a server of bounded concurrency.
struct Queue {
  std::uint32_t depth = 64;            // requests waiting, over all workers
  std::uint32_t depth_per_client = 32; // of one client (address; IPv6: its /64)
  Millis wait{60'000};                 // longest wait; then 503
};

// Whether a server is up. Without `active` nothing is sent while requests go well: it is asked from the moment they fail to reach
// it until it is seen again.
struct Health {
  bool enabled = true;
  bool active = false;     // `health:` was given: asked all the time
  Millis interval{10'000}; // between two questions, with a tenth of jitter
  Millis timeout{3'000};   // for one
  std::uint32_t fall = 3;  // failures in a row -> down
  std::uint32_t rise = 2;  // answers in a row -> up
  std::string path;        // http, onec, mobile_smarts: GET this, and expect less than 500; empty: a connection is enough
  // mserver: what /status?companyDetail must say; empty: not checked. Needs the server's credentials.
  std::string company, database, year;
  [[nodiscard]] bool checks_company() const { return !company.empty() || !database.empty() || !year.empty(); }
};

// A span of the week in which the server is open, in the machine's local time.
struct OpenSpan {
  std::uint8_t days = 0;          // bit 0: Monday
  std::uint16_t from = 0, to = 0; // minutes of the day; to <= from: it ends on the next day
};

// apicomprem: which commands read and which write (patterns), beyond the vendor's list.
struct Commands {
  std::vector<std::string> out, in;
};

// Another name by which a server speaks of itself in its replies.
struct Alias {
  std::string host;       // lower case; name or address literal without brackets
  std::uint16_t port = 0; // 0: the server's own, or the usual one
};

struct Server {
  std::string name;
  Profile profile = Profile::http;
  bool https = false;
  std::string host; // name or address literal without brackets
  std::uint16_t port = 80;
  std::string authority; // what the default upstream Host says: "192.168.0.10:444"
  std::string place;     // host and port in one spelling: servers that have it in common are one server (same_server.h)
  std::vector<Alias> aliases;
  ServerTls tls;
  ServerTimeouts timeouts;
  std::uint32_t keep_idle = 32; // idle connections kept, a worker
  Millis resolve_every{30'000}; // a DNS answer older than this is asked for again
  // Requests at the server at once, over all workers and names; 0: no bound. The profile sets the default.
  std::uint32_t concurrency = 0;
  Queue queue;
  Millis hold{30 * 60'000};     // how long a place stays taken after a time-out or hang-up, while the server works on
  std::uint64_t body_limit = 0; // largest request body; 0: no bound. The profile sets the default
  std::uint64_t reply_limit = std::uint64_t{2} << 30U; // largest reply that is spooled; 0: no bound
  SpoolChoice spool = SpoolChoice::by_profile;         // by_profile: both where concurrency is bounded, else off
  // apicomprem: accounting units (normalised UUIDs) that have `concurrency` places each; all others share one more set.
  std::vector<std::string> units;
  std::uint32_t concurrency_total = 4; // of all units together
  std::string credentials;             // file with the server's own user:password; empty: the caller's go through
  Health health;
  std::vector<OpenSpan> hours; // empty: always open
  Commands commands;
  // `length: characters`: this build's Content-Length counts characters (docs/vendors.md, ApiComPrem).
  bool length_in_characters = false;
};

// --- routes -------------------------------------------------------------------------------------------------------------------

// A header value with ${…} variables, cut into literals and variables once, at load.
enum class Variable : std::uint8_t {
  literal,
  client_ip,
  client_port,
  client_name,
  request_id,
  request_method,
  request_host,
  request_path,
  request_scheme,
  listener_name,
  route_name,
  server_name,
  tls_version,
  tls_cipher,
  tls_sni,
};
struct TemplatePart {
  Variable kind = Variable::literal;
  std::string literal;
  bool operator==(const TemplatePart&) const = default;
};
using Template = std::vector<TemplatePart>;

enum class HeaderAction : std::uint8_t {
  set,
  add,
  remove,
  pass, // of a request: a field that looks like a front server's word on who calls is the caller's own to send
};
struct HeaderRule {
  HeaderAction action = HeaderAction::set;
  std::string name; // as the user spelled it; compared without regard to case
  Template value;   // empty for remove and pass
  bool operator==(const HeaderRule&) const = default;
};

enum class UpstreamHost : std::uint8_t { server, client, literal };

// What a route's server is told of the caller's certificate (RFC 9440).
enum class ClientCert : std::uint8_t { off, leaf, chain };

// Replies compressed for the internet side. Off unless the route asks: it costs time, and a secret beside a caller's own words can
// be guessed from the length (BREACH).
struct Compress {
  bool enabled = false;
  int level = 5;
  std::uint32_t min = 1024;       // a shorter reply, if its length is known, is left alone
  std::vector<std::string> types; // media types, lower case; empty: the built-in list
  bool operator==(const Compress&) const = default;
};

struct Route {
  std::string name;       // given, or "host/path"
  std::string host;       // lower case, no port; empty: any. "*.example.cz" matches one label or more
  std::string path = "/"; // decoded prefix, matched at segment borders
  std::size_t server = 0; // index into Settings::servers
  // Unit routing: dataPack/@ico or ID-UJ (normalised) -> index into servers. `server` takes what is about no unit (/status,
  // /documents, a command without ID-UJ); a unit that is not here, and a dataPack without ico, is refused.
  std::vector<std::pair<std::string, std::size_t>> units;
  std::vector<std::size_t> listeners; // indexes into Settings::listeners; empty: all
  bool anonymous = false;             // `access: anonymous`
  std::vector<std::size_t> clients;   // indexes into Settings::clients, sorted
  bool any_client = false;            // `clients: any`
  Proofs require = kNoProof;          // all of these must be proven, whatever else is
  RateLimits limits;                  // of all callers of this route together
  bool strip_prefix = false;          // forward the target without `path`
  std::string rewrite_prefix;         // put in place of `path`; empty: keep (unless strip_prefix)
  UpstreamHost upstream_host = UpstreamHost::server;
  std::string upstream_host_literal;
  std::string public_url; // "https://ucto.example.cz": for Location and mServer's <server>; empty: what the caller used
  bool map_location = true;
  bool mask_server_name = true; // mserver: replace the LAN name in /status replies
  std::vector<HeaderRule> request_headers;
  std::vector<HeaderRule> reply_headers;
  ClientCert client_cert = ClientCert::off;
  std::string hsts; // value of Strict-Transport-Security on TLS listeners; empty: not sent
  TurnClass turn_class = TurnClass::normal;
  std::uint64_t body_limit = 0;                // 0: the server's
  Language language = Language::en;            // of the edge's own texts, where Accept-Language says nothing
  SpoolChoice spool = SpoolChoice::by_profile; // by_profile: the server's
  std::vector<std::string> operations;         // allowed ones: names, patterns, `read`, `write`, `select`; empty: all but `select`
  std::string credentials;                     // instead of the server's
  bool require_credentials = false;            // pass-through: a missing or empty one is refused at the edge
  bool websocket = false;                      // `Upgrade: websocket` may go through
  Compress compress;
  bool decompress_requests = false; // gzip and deflate bodies are decoded for a server that can't
  bool operator==(const Route&) const = default;
};

// --- bounds, log --------------------------------------------------------------------------------------------------------------

struct Limits {
  std::uint32_t head = 32 * 1024;       // request head, bytes
  std::uint32_t headers = 100;          // fields in it
  std::uint32_t target = 8 * 1024;      // request target, bytes
  std::uint32_t reply_head = 64 * 1024; // reply head, bytes
  std::uint32_t requests_per_connection = 10'000;
  std::uint32_t handshakes = 1'000; // in flight; over all workers, each of which has its part
  std::uint64_t memory = 0;         // of the whole process, bytes; 0: three quarters of what the machine or its control group has
};

struct Timeouts {
  Millis handshake{10'000}; // TLS handshake
  Millis head{15'000};      // first byte of a head -> its end, in total
  Millis idle{75'000};      // between requests
  Millis drain{30'000};     // SIGTERM -> exit, at most
  Millis linger{2'000};     // discarding a body after its refusal, at most
};

struct BodyRate { // minimum rate of a body in either direction
  std::uint32_t bytes_per_second = 500;
  Millis over{30'000};
};

struct Spool {
  std::string directory = "/var/spool/ledgergate"; // falls back to /tmp with a warning when it does not exist
  std::uint32_t memory = 256 * 1024;               // a body smaller than this never touches the disk
  std::uint64_t memory_total = 64 * 1024 * 1024;   // of all bodies in memory; beyond it they go to files at once
  std::uint64_t total = std::uint64_t{8} << 30U;   // bytes in files, of all bodies; one client may hold a quarter
};

enum class LogFormat : std::uint8_t { json, text };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
struct Log {
  std::string access = "stdout"; // "stdout", "stderr", "off", or a file path
  LogFormat format = LogFormat::json;
  LogLevel level = LogLevel::info;     // of the operational log on stderr
  std::vector<std::string> mask_query; // query keys whose values are masked, beside the built-in ones
};

// The administrator's own door: metrics and state, in plain HTTP, for this machine or a guarded network.
struct Admin {
  std::optional<Endpoint> address;
  std::vector<std::string> names; // lower case: what its Host may be besides an address and `localhost`
};

struct Settings {
  std::uint32_t workers = 0;      // 0: one a core
  std::vector<Client> clients;    // by name
  std::vector<std::string> users; // htpasswd files
  // Of each address (IPv6: its /64) from which no client has proven itself.
  RateLimits address_limits{.requests = {}, .bytes_in = {}, .bytes_out = {}, .handshakes = {}, .connections = 256};
  Lockout lockout;
  ClientTable client_table;
  std::vector<Listener> listeners;
  std::vector<Server> servers;
  std::vector<Route> routes;
  std::vector<Cidr> trusted_proxies; // peers whose X-Forwarded-* and Forwarded are believed
  Limits limits;
  Timeouts timeouts;
  BodyRate body_rate;
  Spool spool;
  Log log;
  Admin admin;
};

} // namespace ledgergate::settings
