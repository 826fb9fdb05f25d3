#include "settings/header_template.h"

#include "settings/problems.h"
#include "settings/suggest.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ledgergate::settings {
namespace {

using enum Variable;
constexpr auto kVariables = std::to_array<std::pair<std::string_view, Variable>>({
    {"client.ip", client_ip},
    {"client.port", client_port},
    {"client.name", client_name},
    {"request.id", request_id},
    {"request.method", request_method},
    {"request.host", request_host},
    {"request.path", request_path},
    {"request.scheme", request_scheme},
    {"listener.name", listener_name},
    {"route.name", route_name},
    {"server.name", server_name},
    {"tls.version", tls_version},
    {"tls.cipher", tls_cipher},
    {"tls.sni", tls_sni},
});

// What frames a message or belongs to one connection is written by the edge alone: a rule could make two readers disagree about
// where a message ends (RFC 9112 section 11.2, RFC 9110 section 7.6.1).
constexpr auto kReserved = std::to_array<std::string_view>(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"});

bool token_character(char c) {
  // RFC 9110 section 5.6.2.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

void append_literal(Template& parts, std::string_view text) {
  if (text.empty()) return;
  if (parts.empty() || parts.back().kind != literal) parts.push_back({literal, ""});
  parts.back().literal += text;
}

} // namespace

std::string parse_template(std::string_view text, Template& out) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return "a header value must not hold line ends or other control characters";

  Template parts;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    append_literal(parts, text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.starts_with("$${")) {
      append_literal(parts, "${");
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos) return "a `${` is never closed; write `$${` for a literal one";
      const std::string_view name = text.substr(2, end - 2);
      const auto* found =
          std::find_if(kVariables.begin(), kVariables.end(), [&](const auto& variable) { return variable.first == name; });
      if (found == kVariables.end()) {
        std::vector<std::string> known;
        for (const auto& [word, variable] : kVariables) known.emplace_back(word);
        return "unknown variable " + quote(name) + did_you_mean(name, known);
      }
      parts.push_back({found->second, ""});
      text.remove_prefix(end + 1);
    } else {
      append_literal(parts, "$");
      text.remove_prefix(1);
    }
  }
  out = std::move(parts);
  return "";
}

std::string header_name_mistake(std::string_view name, bool reply) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), token_character)) return quote(name) + " is not a header name";
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "host")
    return reply ? "`Host` has no place in a reply" : "`Host` is set by the route's `host_header`, not by a rule";
  if (std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end())
    return quote(name) + " is written by the edge alone; no rule may touch it";
  return "";
}

} // namespace ledgergate::settings
