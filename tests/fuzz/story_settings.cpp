#include "story_settings.h"

#include "../certificates.h"
#include "client/directory.h"
#include "require.h"
#include "settings/load.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace ledgergate::fuzz {
namespace {

constexpr std::string_view kText = R"(
workers: 1
listen:
  - { name: web, address: "127.0.0.1:8001", tls: off }
  - { name: features, address: "127.0.0.1:8002", tls: off }
  - { name: one_slot, address: "127.0.0.1:8003", tls: off }
  - { name: mserver, address: "127.0.0.1:8004", tls: off }
  - { name: keyed, address: "127.0.0.1:8005", tls: off }
  - { name: apicomprem, address: "127.0.0.1:8006", tls: off }
  - { name: characters, address: "127.0.0.1:8007", tls: off }
  - { name: eshop, address: "127.0.0.1:8008", tls: off }
  - { name: onec, address: "127.0.0.1:8009", tls: off }
  - { name: proxied, address: "127.0.0.1:8010", tls: off, proxy_protocol: true }
  - { name: trusted, address: "127.0.0.1:8011", tls: off, odd_hosts: false }
SECURE  - { name: redirect, address: "127.0.0.1:8012", redirect: https, acme_webroot: /tmp }
admin: { address: "127.0.0.1:8013" }
trusted_proxies: [10.0.0.0/8]
servers:
  web: { url: "http://192.0.2.10" }
  shared: { url: "http://192.0.2.10", keep_idle: 1 }
  one_slot: { url: "http://192.0.2.11", concurrency: 1, hold: 10s }
  pohoda: { profile: mserver, url: "http://192.0.2.10:444", hold: 10s }
  premier: { profile: apicomprem, url: "http://192.0.2.10:12375", hold: 10s, units: [3ce17312-8dbd-49a0-94d3-2e01b65e4173] }
  counting: { profile: apicomprem, url: "http://192.0.2.10:12376", hold: 10s, length: characters }
  shop: { profile: eshop, url: "http://192.0.2.10" }
  onec: { profile: onec, url: "http://192.0.2.10" }
clients:
  till: { api_key_sha256: KEY, operations: ["listStock*", order], limits: { requests: 100/min, concurrent: 2 } }
routes:
  - { name: r1, server: web, listeners: [web, proxied, trustedOTHERS], access: anonymous }
  - { name: r2, path: /onec, server: onec, listeners: [web], access: anonymous }
  - { name: r3, path: /app, server: shared, listeners: [features], access: anonymous, strip_prefix: true, websocket: true,
      compress: { min: 1 }, decompress_requests: true, host_header: client,
      request_headers: { remove: [X-Debug], set: { X-Edge: "${listener.name} ${request.host}${request.path}" } },
      reply_headers: { remove: [Server], add: { X-Request: "${request.method}" } } }
  - { name: r4, server: one_slot, listeners: [one_slot], access: anonymous, body_limit: 8KiB }
  - { name: r5, server: pohoda, listeners: [mserver], access: anonymous }
  - { name: r6, server: pohoda, listeners: [keyed], clients: [till] }
  - { name: r7, server: premier, listeners: [apicomprem], access: anonymous }
  - { name: r8, server: counting, listeners: [characters], access: anonymous }
  - { name: r9, server: shop, listeners: [eshop], access: anonymous }
  - { name: r10, server: onec, listeners: [onec], access: anonymous, websocket: true }
limits: { head: 4KiB, headers: 40, target: 1KiB, reply_head: 4KiB, requests_per_connection: 20 }
spool: { directory: /tmp, memory: 4KiB }
lockout: { failures: 3, within: 10min, ban: 1min, longest: 1h }
log: { access: stderr, level: error }
)";

std::string hex(const client::Digest& digest) {
  std::string out;
  for (const auto byte : digest) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += {kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return out;
}

// Its certificate is made once; to take it into use takes longer than many a story.
std::string secure_listener() {
  static const ledgergate::tests::Directory directory;
  const auto edge = ledgergate::tests::make_identity({});
  return R"(  - { name: secure, address: "127.0.0.1:8014", certificates: [{ chain: )" +
         directory.write("edge.pem", pem(edge)).string() + ", key: " + directory.write("edge.key", key_pem(edge)).string() +
         " }] }\n";
}

std::shared_ptr<const settings::Settings> load(bool secure) {
  std::string text(kText);
  const auto put = [&](std::string_view mark, const std::string& value) { text.replace(text.find(mark), mark.size(), value); };
  put("KEY", hex(client::digest_of(kKey)));
  put("SECURE", secure ? secure_listener() : "");
  put("OTHERS", secure ? ", secure" : "");
  const auto loaded = settings::load_text(text, "story.yaml");
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.format().c_str());
  require(loaded.settings != nullptr, "the settings of the stories can be used");
  return loaded.settings;
}

} // namespace

std::shared_ptr<const settings::Settings> story_settings(const Door& door) {
  static const auto plain = load(false), secure = load(true);
  return door.name == "secure" ? secure : plain;
}

std::size_t listener_of(const settings::Settings& settings, const Door& door) {
  const auto found =
      std::find_if(settings.listeners.begin(), settings.listeners.end(), [&](const auto& each) { return each.name == door.name; });
  require(found != settings.listeners.end(), "each door is a listener");
  return static_cast<std::size_t>(found - settings.listeners.begin());
}

} // namespace ledgergate::fuzz
