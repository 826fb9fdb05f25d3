// trusted_proxies, limits, timeouts, body_rate, spool, log, admin.
#include "settings/sections.h"

#include "base/networks.h"
#include "settings/suggest.h"
#include "settings/url.h"

#include <algorithm>
#include <system_error>

namespace ledgergate::settings {

using namespace std::chrono_literals;

void read_trusted_proxies(const Value& list, Draft& draft) {
  const auto& clients = draft.settings.clients;
  const auto bound = std::find_if(clients.begin(), clients.end(), [](const Client& client) { return !client.from.empty(); });
  bool told = false;
  const auto tell = [&](const Value& where, const std::string& words) {
    told = true;
    if (bound == clients.end())
      where.warning(words);
    else
      where.error(words + ", and the `from` of the client " + quote(bound->name) + " would be no lock");
  };
  for (const Value& item : list.items()) {
    std::string text;
    if (!item.text(text)) continue;
    const auto network = Cidr::parse(text);
    if (!network) {
      item.error(quote(text) +
                 " is neither an address nor a network such as `10.0.0.0/8` or `fd00::/8` (no bits may be set behind the prefix)");
      continue;
    }
    if (network->prefix == 0) tell(item, quote(text) + " lets every caller say which address it comes from");
    draft.settings.trusted_proxies.push_back(*network);
  }
  if (!told && hold_half_of_all(draft.settings.trusted_proxies))
    tell(list, "`trusted_proxies`: these networks together let half of all callers and more say which address they come from");
}

void read_limits(const Value& map, Limits& out) {
  Map fields(map);
  fields.get("head").size(out.head, 1024, 1024 * 1024);
  fields.get("headers").count(out.headers, 8, 10'000);
  const Value target = fields.get("target");
  const bool own_target = target.size(out.target, 256, 64 * 1024);
  fields.get("reply_head").size(out.reply_head, 1024, 1024 * 1024);
  fields.get("memory").size(out.memory, 16 * 1024 * 1024, std::uint64_t{1} << 50U);
  fields.get("requests_per_connection").count(out.requests_per_connection, 1, 1'000'000'000);
  fields.get("handshakes").count(out.handshakes, 1, 1'000'000);
  if (out.target < out.head) return;
  if (own_target)
    target.error("`target` must be smaller than `head`, which holds it");
  else
    out.target = out.head / 2; // a smaller head alone was asked for
}

void read_timeouts(const Value& map, Timeouts& out) {
  Map fields(map);
  fields.get("handshake").duration(out.handshake, 1ms, 1h);
  fields.get("head").duration(out.head, 1ms, 1h);
  fields.get("idle").duration(out.idle, 1ms, 24h);
  fields.get("drain").duration(out.drain, 1ms, 24h);
  fields.get("linger").duration(out.linger, 1ms, 10min);
}

void read_body_rate(const Value& map, BodyRate& out) {
  Map fields(map);
  fields.get("bytes_per_second").size(out.bytes_per_second, 1, 1024 * 1024 * 1024);
  fields.get("over").duration(out.over, 100ms, 1h);
}

void read_spool(const Value& map, Spool& out) {
  Map fields(map);
  const Value directory = fields.get("directory");
  if (directory.path_name(out.directory)) {
    std::error_code failure;
    const auto status = std::filesystem::status(out.directory, failure);
    if (status.type() == std::filesystem::file_type::not_found)
      directory.warning("the directory " + quote(out.directory) + " does not exist; large bodies go to /tmp");
    else if (!std::filesystem::is_directory(status))
      directory.error(quote(out.directory) + " is not a directory");
  }
  fields.get("memory").size(out.memory, 4 * 1024, 1024 * 1024 * 1024);
  const Value all = fields.get("memory_total");
  const bool own_all = all.size(out.memory_total, 4 * 1024, std::uint64_t{1} << 40U);
  if (own_all && out.memory_total < out.memory) all.error("`memory_total` must be at least `memory`, which one body may take");
  if (!own_all) out.memory_total = std::max<std::uint64_t>(out.memory_total, out.memory); // more for one alone was asked for
  fields.get("total").size(out.total, 1024 * 1024, std::uint64_t{1} << 50U);
}

void read_spool_choice(const Value& value, SpoolChoice& out) {
  if (value.words() == "false" || value.words() == "no") // how YAML 1.1 tools rewrite `off`
    out = SpoolChoice::off;
  else
    value.choice(out, kSpoolChoices);
}

void read_admin(const Value& map, Draft& draft) {
  Map fields(map);
  const Value address = fields.need("address");
  draft.admin_place = address.place();
  for (const Value& item : fields.get("names").items()) {
    std::string name;
    if (!item.text(name)) continue;
    if (const std::string mistake = host_mistake(name); !mistake.empty())
      item.error(quote(name) + " is no name that this door could have: write a host without scheme and port; " + mistake);
    else
      draft.settings.admin.names.push_back(lower(name));
  }
  std::string text;
  if (!address.text(text)) return;
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint)
    return address.error(quote(text) + " is not an address to listen on: write `127.0.0.1:9443`, `[::1]:9443` or `localhost:9443`");
  draft.settings.admin.address = endpoint;
  if (!is_local_network(endpoint->ip))
    address.warning("the metrics are served in plain HTTP and without a password on an address that is not private");
}

void read_log(const Value& map, Log& out) {
  Map fields(map);
  const Value access = fields.get("access");
  const std::string_view word = access.words();
  if (word == "stdout" || word == "stderr" || word == "off") {
    out.access = word;
  } else if (word == "false" || word == "no") { // how YAML 1.1 tools rewrite `off`
    out.access = "off";
  } else if (!word.empty() && word.find('/') == std::string_view::npos) {
    access.error("`access` must be `stdout`, `stderr`, `off` or a path with a `/` in it, not " + quote(word) +
                 did_you_mean(word, {"stdout", "stderr", "off"}));
  } else if (access.path_name(out.access)) {
    const std::filesystem::path file(out.access);
    std::error_code failure;
    if (!std::filesystem::is_directory(file.parent_path(), failure))
      access.error("`access`: the directory " + quote(file.parent_path().string()) + " does not exist");
    else if (std::filesystem::is_directory(file, failure))
      access.error("`access`: " + quote(out.access) + " is a directory");
  }
  fields.get("format").choice<LogFormat>(out.format, {{"json", LogFormat::json}, {"text", LogFormat::text}});
  fields.get("level").choice<LogLevel>(
      out.level,
      {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}});
  for (const Value& item : fields.get("mask_query").items()) {
    std::string key;
    if (item.label(key)) out.mask_query.push_back(std::move(key));
  }
}

} // namespace ledgergate::settings
