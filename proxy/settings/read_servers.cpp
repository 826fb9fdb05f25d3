#include "settings/sections.h"

#include "settings/url.h"

namespace ledgergate::settings {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMi = 1024 * 1024;
constexpr std::uint64_t kLargestBody = 1024 * 1024 * kMi; // 1 TiB
constexpr auto kLongest = 7 * 24h;

void read_tls(const Value& map, Server& server) {
  Map fields(map);
  fields.get("verify").boolean(server.tls.verify);
  const Value ca = fields.get("ca");
  ca.existing_file(server.tls.ca);
  const Value name = fields.get("name");
  if (name.text(server.tls.name))
    if (const std::string mistake = host_mistake(server.tls.name); !mistake.empty()) name.error("`name`: " + mistake);
  const Value certificate = fields.get("client_certificate");
  Map files(certificate);
  std::string chain, key;
  const bool has_chain = files.need("chain").existing_file(chain);
  const bool has_key = files.need("key").existing_file(key);
  if (has_chain && has_key) server.tls.client_certificate = CertificateFiles{chain, key};
  if (!server.tls.verify && (ca.present() || name.present()))
    map.error("`verify: false` checks nothing, so `ca` and `name` would mean nothing");
  else if (map.present() && !server.tls.verify)
    map.warning("the certificate of this server is not verified: anyone in between can read and change everything");
}

void read_server_timeouts(const Value& map, ServerTimeouts& out) {
  Map fields(map);
  fields.get("connect").duration(out.connect, 1ms, 1h);
  fields.get("send").duration(out.send, 1ms, kLongest);
  fields.get("reply").duration(out.reply, 1ms, kLongest);
  fields.get("stall").duration(out.stall, 1ms, kLongest);
  fields.get("whole_reply").duration(out.whole_reply, 1ms, kLongest);
  fields.get("idle").duration(out.idle, 1ms, kLongest);
  fields.get("tunnel").duration(out.tunnel, 1ms, kLongest);
}

// A size, or `none` for no bound.
void read_limit(const Value& value, std::uint64_t& out) {
  if (value.words() == "none")
    out = 0;
  else
    value.size(out, 1, kLargestBody);
}

void read_queue(const Value& map, Queue& out) {
  Map fields(map);
  fields.get("depth").count(out.depth, 1, 100'000);
  fields.get("depth_per_client").count(out.depth_per_client, 1, 100'000);
  fields.get("wait").duration(out.wait, 1ms, kLongest);
}

void read_aliases(const Value& list, Server& server) {
  for (const Value& item : list.items("`aliases` is empty; leave it out where the server has no other name")) {
    std::string text;
    if (!item.text(text)) continue;
    const bool is_url = text.find("://") != std::string::npos;
    Url parsed;
    if (const std::string mistake = parse_url(is_url ? text : "http://" + text, parsed); !mistake.empty()) {
      item.error("an alias is a host, a host with a port, or a URL without a path: " + mistake);
      continue;
    }
    const std::size_t bracket = text.find(']');
    const bool has_port = text.find(':', bracket == std::string::npos ? 0 : bracket) != std::string::npos;
    server.aliases.push_back({parsed.host, is_url || has_port ? parsed.port : std::uint16_t{0}});
  }
}

void read_server(const Value& item, Server& server) {
  Map fields(item);
  Profile profile = Profile::http;
  fields.get("profile").choice(profile, kProfiles);
  std::string name = std::move(server.name);
  server = with_profile_defaults(profile);
  server.name = std::move(name);

  const Value url = fields.need("url");
  std::string text;
  Url parsed;
  const bool has_url = url.text(text);
  if (has_url) {
    if (const std::string mistake = parse_url(text, parsed); !mistake.empty()) url.error("`url`: " + mistake);
    server.https = parsed.https;
    server.host = parsed.host;
    server.port = parsed.port;
    server.authority = parsed.authority;
  }
  read_aliases(fields.get("aliases"), server);
  const Value tls = fields.get("tls");
  read_tls(tls, server);
  if (tls.present() && !parsed.host.empty() && !parsed.https)
    tls.error("`tls` has no meaning for an http:// server; write https:// if it speaks TLS");
  read_server_timeouts(fields.get("timeouts"), server.timeouts);
  fields.get("keep_idle").count(server.keep_idle, 0, 10'000);
  fields.get("resolve_every").duration(server.resolve_every, 100ms, kLongest);
  read_limit(fields.get("body_limit"), server.body_limit);
  read_limit(fields.get("reply_limit"), server.reply_limit);
  read_spool_choice(fields.get("spool"), server.spool);
  const Value concurrency = fields.get("concurrency");
  if (concurrency.words() == "none")
    server.concurrency = 0;
  else
    concurrency.count(server.concurrency, 1, 1'000);
  read_queue(fields.get("queue"), server.queue);
  fields.get("hold").duration(server.hold, 1ms, kLongest);
  const Value units = fields.get("units");
  read_server_units(units, fields.get("concurrency_total"), server);
  read_commands(fields.get("commands"), server);
  const Value length = fields.get("length");
  length.choice<bool>(server.length_in_characters, {{"bytes", false}, {"characters", true}});
  if (server.length_in_characters && profile != Profile::apicomprem)
    length.error("`length: characters` is a fault of some ApiComPrem builds; others count bytes");
  read_credentials(fields.get("credentials"), server.credentials);
  read_health(fields.get("health"), server);
  read_hours(fields.get("hours"), server.hours);
}

} // namespace

Server with_profile_defaults(Profile profile) {
  Server server;
  server.profile = profile;
  switch (profile) {
  case Profile::http: break;
  case Profile::mserver:
    server.timeouts.reply = 300s;
    server.concurrency = 1; // docs/vendors.md, mServer: one request at a time
    server.body_limit = 256 * kMi;
    break;
  case Profile::apicomprem:
    server.timeouts.reply = 130s; // docs/vendors.md, ApiComPrem: one command may take 2 minutes
    server.body_limit = 64 * kMi;
    server.concurrency = 1; // docs/vendors.md, ApiComPrem: a command fired before the last one's result can be cancelled
    break;
  case Profile::eshop:
    server.body_limit = 256 * kMi;
    server.concurrency = 4;
    break;
  case Profile::onec:
    server.timeouts.reply = 600s;
    server.body_limit = 1024 * kMi;
    break;
  case Profile::mobile_smarts: server.body_limit = 256 * kMi; break;
  }
  return server;
}

void read_servers(const Value& map, Draft& draft) {
  for (const auto& [name, place, value] : map.named()) {
    Server server;
    server.name = name;
    if (name.empty() && value.present()) value.context().problems.error(place, "a server needs a name");
    if (const std::string mistake = label_mistake(name); !mistake.empty())
      value.context().problems.error(place, "the name of a server" + mistake);
    read_server(value, server);
    draft.settings.servers.push_back(std::move(server));
    draft.server_places.push_back(place);
  }
}

} // namespace ledgergate::settings
