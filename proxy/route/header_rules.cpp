#include "route/header_rules.h"

#include "route/caller_view.h"
#include "route/field_names.h"
#include "route/text.h"

#include <span>

namespace ledgergate::route {
namespace {

using settings::HeaderAction;
using settings::HeaderRule;
using settings::Variable;

bool replaces(const HeaderRule& rule, std::string_view name) noexcept {
  return (rule.action == HeaderAction::set || rule.action == HeaderAction::remove) && same_variable(rule.name, name);
}

// Framing and the connection are the edge's own, whatever the settings say: a rule must not be able to break a message.
bool off_limits(std::string_view name) noexcept {
  for (const auto kind : {request_kind(name), reply_kind(name)})
    if (kind == FieldKind::framing || kind == FieldKind::hop || kind == FieldKind::connection) return true;
  return false;
}

void append_variable(const settings::TemplatePart& part, const Facts& facts, std::string& out) {
  switch (part.kind) {
  case Variable::literal: return append_clean(part.literal, out);
  case Variable::client_ip: return append_clean(facts.client_ip_text, out);
  case Variable::client_port: return append_number(facts.client_port, out);
  case Variable::client_name: return append_clean(facts.client_name, out);
  case Variable::request_id: return append_clean(facts.request_id, out);
  case Variable::request_method: return append_clean(facts.request->method_text, out);
  case Variable::request_host: return append_clean(facts.target->host, out);
  case Variable::request_path: return append_clean(facts.target->path, out);
  case Variable::request_scheme: return append_clean(public_scheme(facts), out);
  case Variable::listener_name: return append_clean(facts.listener->name, out);
  case Variable::route_name: return append_clean(facts.route->name, out);
  case Variable::server_name: return append_clean(facts.server->name, out);
  case Variable::tls_version: return append_clean(facts.tls_version, out);
  case Variable::tls_cipher: return append_clean(facts.tls_cipher, out);
  case Variable::tls_sni: return append_clean(facts.tls_sni, out);
  }
}

} // namespace

bool replaced(const std::vector<HeaderRule>& rules, std::string_view name) noexcept {
  for (const auto& rule : rules)
    if (replaces(rule, name)) return true;
  return false;
}

bool passes(const std::vector<HeaderRule>& rules, std::string_view name) noexcept {
  for (const auto& rule : rules)
    if (rule.action == HeaderAction::pass && http::iequals(rule.name, name)) return true;
  return false;
}

void append_rules(const std::vector<HeaderRule>& rules, const Facts& facts, std::string& out) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    if ((rule.action != HeaderAction::set && rule.action != HeaderAction::add) || off_limits(rule.name)) continue;
    bool undone = false;
    for (const auto& later : std::span(rules).subspan(i + 1))
      if (replaces(later, rule.name)) undone = true;
    if (undone) continue;
    const auto start = out.size();
    append_clean(rule.name, out);
    out += ": ";
    const auto value = out.size();
    for (const auto& part : rule.value) append_variable(part, facts, out);
    if (out.size() == value)
      out.resize(start);
    else
      out += "\r\n";
  }
}

} // namespace ledgergate::route
