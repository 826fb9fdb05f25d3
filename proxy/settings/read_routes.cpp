#include "settings/sections.h"

#include "settings/suggest.h"
#include "settings/url.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

void read_host(const Value& value, std::string& out) {
  std::string text;
  if (!value.text(text)) return;
  text = lower(text);
  std::string_view host = text;
  if (const auto address = IpAddress::parse(host)) {
    out = address->text();
    if (address->unspecified()) value.warning("`host`: nobody asks for " + quote(text) + ": leave `host` out for any host");
    return;
  }
  const bool wildcard = host.starts_with("*.");
  if (wildcard) host.remove_prefix(2);
  std::string mistake;
  if (text.find("://") != std::string::npos)
    mistake = "only the host belongs here, without http:// or https://";
  else if (text.find(':') != std::string::npos)
    mistake = "a port does not belong here: the listener decides it";
  else if (text.find('*', wildcard ? 1 : 0) != std::string::npos)
    mistake = "`*` can only stand for the first part, as in `*.example.cz`";
  else
    mistake = host_mistake(host);
  if (!mistake.empty()) return value.error("`host`: " + mistake);
  out = text;
  if (text == "_") value.warning("`host`: nobody asks for `_`: leave `host` out for any host");
}

// Common to `path` and `rewrite_prefix`.
std::string prefix_mistake(std::string_view path) {
  if (path.front() != '/') return "it must begin with `/`";
  if (path.find('?') != std::string_view::npos || path.find('#') != std::string_view::npos)
    return "no query (`?`) and no fragment (`#`) belong here";
  if (path.find('\\') != std::string_view::npos) return "write `/`, not `\\`";
  if (std::any_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return "it must not hold control characters";
  for (std::string_view rest = path.substr(1); !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "." || segment == "..") return "`.` and `..` are not allowed in it";
    if (segment.empty()) return "`//` is not allowed in it";
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  return "";
}

// What other programs take for a pattern, and is a letter here: where it begins; npos: nowhere. Parentheses without a choice in
// them, and a `$` before a name, are OData's.
std::size_t pattern_at(std::string_view path) {
  const auto digit = [&](std::size_t i) { return i < path.size() && path[i] >= '0' && path[i] <= '9'; };
  for (std::size_t i = 1; i < path.size(); ++i) {
    const std::string_view rest = path.substr(i);
    const bool ends = rest.size() == 1 || rest[1] == '/';
    const bool begins = path[i - 1] == '/';
    if (std::string_view("*{}|^[]<>").find(path[i]) != std::string_view::npos) return i;
    if (path[i] == '$' && ((ends && !begins) || digit(i + 1))) return i;
    if (path[i] == '+' && ends && path[i - 1] != '+') return i; // "/c++" is a name
    if (path[i] == ':' && begins) return i;
    if (rest.starts_with("(?") || rest.starts_with("(.") || rest.starts_with(".+") || rest.starts_with(".*")) return i;
    if (path[i] == '(' && rest.substr(0, rest.find(')')).find('|') != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

// What can be said of it here: what stands before the pattern, and behind one that only says where a path begins.
std::string without_pattern(std::string_view path) {
  std::string out(path);
  for (std::size_t at = pattern_at(out); at != std::string::npos; at = pattern_at(out)) {
    const bool begins = out[at] == '^' && out[at - 1] == '/';
    if (!begins) {
      out.resize(at);
      break;
    }
    out.erase(at, at + 1 < out.size() && out[at + 1] == '/' ? 2 : 1);
  }
  while (out.ends_with('/')) out.pop_back();
  return out.empty() ? "/" : out;
}

void warn_of_pattern(const Value& value, std::string_view path) {
  const std::size_t at = pattern_at(path);
  if (at == std::string_view::npos) return;
  const bool choice = path.find('|') != std::string_view::npos;
  value.warning(value.name() + " is no pattern: " + quote(path.substr(at)) +
                " stands for these very letters. A path holds for all that lies below it: " +
                (choice ? "write a route for each of these" : "write " + quote(without_pattern(path))));
}

// Matched at segment borders, so that "/shop/" is "/shop".
void strip_slash(std::string& path) {
  if (path.size() > 1 && path.back() == '/') path.pop_back();
}

void read_path(const Value& value, std::string& out) {
  std::string text;
  if (!value.text(text)) return;
  std::string mistake = prefix_mistake(text);
  if (mistake.empty() && text.find('%') != std::string::npos) mistake = "write it decoded: `/účty`, not `/%C3%BA%C4%8Dty`";
  if (!mistake.empty())
    value.error("`path`: " + mistake);
  else
    warn_of_pattern(value, text);
  strip_slash(text);
  out = text; // even so, lest it look like a duplicate of another
}

// Goes to the server as it is, so it must be written as a request line can hold it (RFC 3986 section 3.3).
void read_rewrite(const Value& value, Route& route) {
  std::string text;
  if (!value.text(text)) return;
  std::string mistake = prefix_mistake(text);
  const auto hex = [&](std::size_t at) {
    return at < text.size() && std::string_view("0123456789abcdefABCDEF").find(text[at]) != std::string_view::npos;
  };
  for (std::size_t i = 0; mistake.empty() && i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
    if (c == '%' ? !hex(i + 1) || !hex(i + 2) : !plain)
      mistake = "it must be percent-encoded, as it goes to the server byte for byte";
  }
  if (mistake.empty() && route.strip_prefix) mistake = "`strip_prefix` and `rewrite_prefix` exclude each other";
  if (!mistake.empty()) return value.error("`rewrite_prefix`: " + mistake);
  warn_of_pattern(value, text);
  strip_slash(text);
  if (text == "/")
    route.strip_prefix = true; // the same thing
  else
    route.rewrite_prefix = text;
}

void read_host_header(const Value& value, Route& route) {
  std::string text;
  if (!value.text(text) || text == "server") return;
  if (text == "client") {
    route.upstream_host = UpstreamHost::client;
    return;
  }
  Url parsed;
  std::string mistake =
      text.find('/') != std::string::npos ? "only a host, or host:port, can be sent" : parse_url("http://" + text, parsed);
  if (!mistake.empty())
    return value.error("`host_header` must be `server`, `client` or a host: " + mistake + did_you_mean(text, {"server", "client"}));
  if (const std::string guess = did_you_mean(text, {"server", "client"}); !guess.empty())
    value.warning("`host_header`: the server will see the host " + quote(text) + guess);
  route.upstream_host = UpstreamHost::literal;
  route.upstream_host_literal = text;
}

void read_client_cert(const Value& value, ClientCert& out) {
  if (const auto wanted = parse_boolean(value.words()))
    out = *wanted ? ClientCert::leaf : ClientCert::off;
  else
    value.choice<ClientCert>(out, {{"true", ClientCert::leaf}, {"chain", ClientCert::chain}, {"false", ClientCert::off}});
}

void read_public_url(const Value& value, std::string& out) {
  std::string text;
  if (!value.text(text)) return;
  Url parsed;
  if (const std::string mistake = parse_url(text, parsed); !mistake.empty()) return value.error("`public_url`: " + mistake);
  out = (parsed.https ? "https://" : "http://") + parsed.authority;
}

void read_listener_names(const Value& list, const Draft& draft, Route& route) {
  const auto& listeners = draft.settings.listeners;
  for (const Value& item : list.items("`listeners` is empty; leave it out for all of them")) {
    std::string name;
    if (!item.text(name)) continue;
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&](const Listener& listener) { return listener.name == name; });
    const auto index = static_cast<std::size_t>(found - listeners.begin());
    if (found == listeners.end()) {
      std::vector<std::string> known;
      for (const Listener& listener : listeners) known.push_back(listener.name);
      item.error("there is no listener " + quote(name) + did_you_mean(name, known));
    } else if (found->kind == ListenerKind::redirect) {
      item.error("the listener " + quote(name) + " only redirects; no route is served there");
    } else if (std::find(route.listeners.begin(), route.listeners.end(), index) != route.listeners.end()) {
      item.error("the listener " + quote(name) + " is named twice");
    } else {
      route.listeners.push_back(index);
    }
  }
}

bool sent_over_tls(const Draft& draft, const Route& route) {
  const auto& listeners = draft.settings.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i)
    if (listeners[i].kind == ListenerKind::https &&
        (route.listeners.empty() || std::find(route.listeners.begin(), route.listeners.end(), i) != route.listeners.end()))
      return true;
  return false;
}

// Those that not every profile has. An unknown server is a mistake already.
void read_profile_keys(Map& fields, const Draft& draft, Route& route) {
  const auto& servers = draft.settings.servers;
  const Server* const server = route.server < servers.size() ? &servers[route.server] : nullptr;
  const auto profile_is = [&](std::initializer_list<Profile> some) {
    return server == nullptr || std::find(some.begin(), some.end(), server->profile) != some.end();
  };
  const Value mask = fields.get("mask_server_name");
  mask.boolean(route.mask_server_name);
  if (mask.present() && !profile_is({Profile::mserver}))
    mask.warning("`mask_server_name` does nothing here: only an mserver prints its name");
  read_route_units(fields.get("units"), draft, route);
  read_operations(fields.get("operations"), draft, route);
  const Value websocket = fields.get("websocket");
  websocket.boolean(route.websocket);
  if (websocket.present() && !profile_is({Profile::http, Profile::onec, Profile::mobile_smarts}))
    websocket.error("`websocket` is for the profiles http, onec and mobile_smarts; this one's server has no such thing");

  read_credentials(fields.get("credentials"), route.credentials);
  const Value require = fields.get("require_credentials");
  require.boolean(route.require_credentials);
  if (require.present() && !profile_is({Profile::mserver, Profile::apicomprem}))
    require.error("`require_credentials` is for mserver and apicomprem; other servers say themselves whom they let in");
  else if (route.require_credentials && injects_credentials(route, servers))
    require.error("`require_credentials` asks for the caller's own, and `credentials` takes their place: one of the two");
}

// Law: every route says who may come. Nothing is open because something was forgotten.
void read_access(Map& fields, const Value& item, const Draft& draft, Route& route) {
  const Value access = fields.get("access");
  access.choice<bool>(route.anonymous, {{"anonymous", true}});
  const Value clients = fields.get("clients");
  read_route_clients(clients, draft, route);
  const Value require = fields.get("require");
  read_require(require, route.require);
  read_rate_limits(fields.get("limits"), LimitsOf::route, route.limits);
  if (item.present() && !access.present() && !clients.present()) item.error("every route needs `clients`, or `access: anonymous`");
  if (access.present() && clients.present()) clients.error("`access: anonymous` lets everybody in: `clients` would mean nothing");
  if (access.present() && require.present()) require.error("`access: anonymous` lets everybody in: `require` would mean nothing");
}

void read_route(const Value& item, const Draft& draft, Route& route) {
  Map fields(item);
  fields.get("name").label(route.name);
  read_host(fields.get("host"), route.host);
  read_path(fields.get("path"), route.path);
  route.server = find_server(fields.need("server"), draft);
  read_listener_names(fields.get("listeners"), draft, route);
  read_access(fields, item, draft, route);

  const Value strip = fields.get("strip_prefix");
  strip.boolean(route.strip_prefix);
  if (route.strip_prefix && route.path == "/") strip.warning("`strip_prefix` has nothing to strip from `/`");
  read_rewrite(fields.get("rewrite_prefix"), route);
  read_host_header(fields.get("host_header"), route);
  read_public_url(fields.get("public_url"), route.public_url);
  fields.get("map_location").boolean(route.map_location);
  read_profile_keys(fields, draft, route);
  read_header_rules(fields.get("request_headers"), false, route.request_headers);
  read_header_rules(fields.get("reply_headers"), true, route.reply_headers);
  read_client_cert(fields.get("client_cert"), route.client_cert);
  const Value hsts = fields.get("hsts");
  read_hsts(hsts, route.hsts);
  if (!route.hsts.empty() && !sent_over_tls(draft, route))
    hsts.warning("`hsts` is never sent: none of this route's listeners speaks TLS");
  fields.get("class").choice(route.turn_class, kTurnClasses);
  const Value limit = fields.get("body_limit");
  if (limit.words() == "none")
    limit.error("`body_limit: none` belongs to the server; a route can only name a size");
  else
    limit.size(route.body_limit, 1, std::uint64_t{1} << 40U);
  read_spool_choice(fields.get("spool"), route.spool);
  fields.get("language").choice(route.language, kLanguages);
  read_compress(fields.get("compress"), route.compress);
  fields.get("decompress_requests").boolean(route.decompress_requests);
  if (route.name.empty()) route.name = route.host + route.path;
}

} // namespace

std::size_t find_server(const Value& value, const Draft& draft) {
  const auto& servers = draft.settings.servers;
  std::string name;
  if (!value.text(name)) return servers.size();
  const auto found = std::find_if(servers.begin(), servers.end(), [&](const Server& server) { return server.name == name; });
  if (found == servers.end()) {
    std::vector<std::string> known;
    for (const Server& server : servers) known.push_back(server.name);
    value.error("there is no server " + quote(name) + did_you_mean(name, known));
  }
  return static_cast<std::size_t>(found - servers.begin());
}

void read_routes(const Value& list, Draft& draft) {
  for (const Value& item : list.items()) {
    Route route;
    read_route(item, draft, route);
    draft.settings.routes.push_back(std::move(route));
    draft.route_places.push_back(item.place());
  }
}

} // namespace ledgergate::settings
