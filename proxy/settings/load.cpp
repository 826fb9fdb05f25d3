#include "settings/load.h"

#include "settings/document.h"
#include "settings/read_file.h"
#include "settings/reader.h"
#include "settings/record.h"
#include "settings/sections.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ledgergate::settings {
namespace {

void read_workers(const Value& value, std::uint32_t& out) {
  if (value.words() == "auto") return;
  if (value.is_scalar())
    value.count(out, 1, 256);
  else
    value.error("`workers` must be `auto` or a number from 1 to 256");
}

// The whole schema; every key is asked for here or in a section, present or not.
void read_all(const Value& document, Draft& draft) {
  Map fields(document);
  Settings& settings = draft.settings;
  read_workers(fields.get("workers"), settings.workers);
  read_listeners(fields.need("listen", "the config needs `listen`: where requests come in"), draft);
  const Value servers = fields.get("servers");
  read_servers(servers, draft);
  read_users(fields.get("users"), settings.users);
  read_clients(fields.get("clients"), draft);
  read_clients_dir(fields.get("clients_dir"), draft); // behind the file's own: a name that stands in both is told there
  read_rate_limits(fields.get("address_limits"), LimitsOf::address, settings.address_limits);
  read_lockout(fields.get("lockout"), settings.lockout);
  read_client_table(fields.get("client_table"), settings.client_table);
  const Value routes = fields.get("routes");
  read_routes(routes, draft);
  read_trusted_proxies(fields.get("trusted_proxies"), draft);
  read_limits(fields.get("limits"), settings.limits);
  read_timeouts(fields.get("timeouts"), settings.timeouts);
  read_body_rate(fields.get("body_rate"), settings.body_rate);
  read_spool(fields.get("spool"), settings.spool);
  read_log(fields.get("log"), settings.log);
  read_admin(fields.get("admin"), draft);

  // Redirecting alone is a service too; anything else needs to know where to.
  const bool serves = std::any_of(settings.listeners.begin(), settings.listeners.end(),
                                  [](const Listener& listener) { return listener.kind != ListenerKind::redirect; });
  if (serves && settings.servers.empty())
    servers.error("the config needs `servers`: where requests go to");
  else if (serves && settings.routes.empty())
    routes.error("the config needs `routes`: what is published");
  else if (!serves && !settings.listeners.empty() && !settings.routes.empty())
    routes.error("no route can be reached: every listener only redirects");
}

// The admin door is one more listener; behind all others, so that what the file says of listeners stays true.
void add_admin_listener(Settings& settings) {
  Listener admin;
  admin.name = "admin";
  admin.address = *settings.admin.address;
  admin.kind = ListenerKind::admin;
  admin.max_connections = 64;
  settings.listeners.push_back(std::move(admin));
}

Loaded failed(const std::string& name, std::string text) { return {nullptr, {{name, 0, 0, std::move(text), false}}}; }

} // namespace

Loaded load_text(std::string_view yaml, const std::string& name) {
  if (yaml.size() > kLargestFile) return failed(name, std::string(kTooLarge));
  if (yaml.starts_with("\xef\xbb\xbf")) yaml.remove_prefix(3); // Windows editors put a byte order mark
  Problems problems(name, yaml);
  Draft draft;
  const NodePointer root = check_text(yaml, problems) ? parse_document(yaml, problems) : nullptr;
  if (root != nullptr) {
    Context context{problems, std::filesystem::path(name).parent_path(), nullptr};
    read_all(Value(context, root, root->place, ""), draft);
    check_together(draft, problems);
  }
  if (draft.settings.admin.address) add_admin_listener(draft.settings);
  Loaded out;
  const bool failed_elsewhere =
      std::any_of(draft.elsewhere.begin(), draft.elsewhere.end(), [](const Problem& each) { return !each.warning; });
  if (root != nullptr && !problems.failed() && !failed_elsewhere)
    out.settings = std::make_shared<const Settings>(std::move(draft.settings));
  out.problems = problems.take();
  std::move(draft.elsewhere.begin(), draft.elsewhere.end(), std::back_inserter(out.problems));
  return out;
}

Loaded load_file(const std::string& path) {
  std::string text;
  std::string mistake = read_file(path, text);
  if (mistake.empty() && others_may_write(path)) mistake = std::string(kOthersMayWrite) + path;
  return mistake.empty() ? load_text(text, path) : failed(path, mistake);
}

Recorder record_schema() {
  Recorder recorder;
  Problems problems("", "");
  Context context{problems, {}, &recorder};
  Draft draft;
  read_all(Value(context, nullptr, {}, ""), draft);
  return recorder;
}

std::vector<std::string> known_keys() { return record_schema().keys; }

} // namespace ledgergate::settings
