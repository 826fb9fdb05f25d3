// `health` and `hours` of a server: how it is asked whether it is up, and when it need not be.
#include "settings/sections.h"

#include "settings/hours.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

using namespace std::chrono_literals;

// Goes out in a request line (RFC 9112 section 3.2.1), so it is written as it is sent.
std::string probe_path_mistake(std::string_view path) {
  if (path.front() != '/') return "it must begin with `/`";
  if (std::any_of(path.begin(), path.end(), [](char c) { return c <= ' ' || c == 0x7f || c == '#' || c == '\\'; }))
    return "it must be percent-encoded, as it goes to the server byte for byte";
  return "";
}

} // namespace

void read_health(const Value& value, Server& server) {
  Health& health = server.health;
  const auto word = parse_boolean(value.words());
  if (word == false) {
    health.enabled = false;
    return;
  }
  if (value.is_scalar() && !value.words().empty())
    return value.error("`health` must be `off` or a map of `interval`, `timeout`, `fall`, `rise` and what is asked");
  health.active = value.present();
  Map fields(value);
  fields.get("interval").duration(health.interval, 10ms, 24h);
  fields.get("timeout").duration(health.timeout, 10ms, 10min);
  fields.get("fall").count(health.fall, 1, 100);
  fields.get("rise").count(health.rise, 1, 100);
  const Value path = fields.get("path");
  if (path.text(health.path))
    if (const std::string mistake = probe_path_mistake(health.path); !mistake.empty()) path.error("`path`: " + mistake);
  if (path.present() && server.profile != Profile::http && server.profile != Profile::onec &&
      server.profile != Profile::mobile_smarts)
    path.error("`path` is for the profiles http, onec and mobile_smarts; this one knows what to ask");
  bool expects = false;
  const auto expected = [&](std::string_view key, std::string& out) {
    const Value text = fields.get(key);
    text.label(out);
    expects = expects || text.present();
    if (text.present() && server.profile != Profile::mserver) text.error(text.name() + " is told by an mserver only");
  };
  expected("company", health.company);
  expected("database", health.database);
  expected("year", health.year);
  // docs/vendors.md, mServer: /status?companyDetail needs authentication.
  if (expects && server.profile == Profile::mserver && server.credentials.empty())
    value.error("`company`, `database` and `year` are told to a POHODA user only: the server needs `credentials`");
}

void read_hours(const Value& list, std::vector<OpenSpan>& out) {
  for (const Value& item : list.items("`hours` is empty: the server would never be open; leave it out for always")) {
    std::string text;
    if (!item.text(text)) continue;
    OpenSpan span;
    if (const std::string mistake = parse_open_span(text, span); !mistake.empty())
      item.error("`hours`: " + mistake);
    else
      out.push_back(span);
  }
}

} // namespace ledgergate::settings
