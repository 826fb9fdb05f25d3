// trusted_proxies, limits, timeouts, body_rate, spool, log.
#include "settings/sections.h"

#include "settings/suggest.h"

#include <system_error>

namespace ledgergate::settings {

using namespace std::chrono_literals;

void read_trusted_proxies(const Value& list, std::vector<Cidr>& out) {
  for (const Value& item : list.items()) {
    std::string text;
    if (!item.text(text)) continue;
    const auto network = Cidr::parse(text);
    if (!network) {
      item.error(quote(text) +
                 " is neither an address nor a network such as `10.0.0.0/8` or `fd00::/8` (no bits may be set behind the prefix)");
      continue;
    }
    if (network->prefix == 0) item.warning(quote(text) + " lets every caller say which address it comes from");
    out.push_back(*network);
  }
}

void read_limits(const Value& map, Limits& out) {
  Map fields(map);
  fields.get("head").size(out.head, 1024, 1024 * 1024);
  fields.get("headers").count(out.headers, 8, 10'000);
  const Value target = fields.get("target");
  const bool own_target = target.size(out.target, 256, 64 * 1024);
  fields.get("reply_head").size(out.reply_head, 1024, 1024 * 1024);
  fields.get("requests_per_connection").count(out.requests_per_connection, 1, 1'000'000'000);
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
