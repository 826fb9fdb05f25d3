// request_headers, reply_headers, hsts.
#include "settings/sections.h"

#include "settings/header_template.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

using namespace std::chrono_literals;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Says what is wrong with the name, and whether the same action has it already.
bool good_name(const Value& at, Place place, HeaderAction action, const std::string& name, bool reply,
               const std::vector<HeaderRule>& rules) {
  Problems& problems = at.context().problems;
  if (const std::string mistake = header_name_mistake(name, reply); !mistake.empty()) {
    problems.error(place, mistake);
    return false;
  }
  const bool twice = std::any_of(rules.begin(), rules.end(),
                                 [&](const HeaderRule& rule) { return rule.action == action && same_name(rule.name, name); });
  if (twice) problems.error(place, "duplicate header " + quote(name) + ": names are compared without regard to case");
  return !twice;
}

void read_values(const Value& map, HeaderAction action, bool reply, std::vector<HeaderRule>& out) {
  for (const auto& [name, place, value] : map.named()) {
    if (!value.present() || !good_name(map, place, action, name, reply, out)) continue;
    HeaderRule rule{action, name, {}};
    std::string text;
    if (!value.text(text)) continue;
    if (const std::string mistake = parse_template(text, rule.value); !mistake.empty()) value.error(mistake);
    out.push_back(std::move(rule));
  }
}

void read_names(const Value& list, HeaderAction action, bool reply, std::vector<HeaderRule>& out) {
  for (const Value& item : list.items()) {
    std::string name;
    if (item.text(name) && good_name(item, item.place(), action, name, reply, out)) out.push_back({action, name, {}});
  }
}

} // namespace

void read_header_rules(const Value& map, bool reply, std::vector<HeaderRule>& out) {
  Map fields(map);
  if (!reply) read_names(fields.get("pass"), HeaderAction::pass, reply, out);
  // In this order whatever the file's: what is removed can be set or added anew.
  read_names(fields.get("remove"), HeaderAction::remove, reply, out);
  read_values(fields.get("set"), HeaderAction::set, reply, out);
  read_values(fields.get("add"), HeaderAction::add, reply, out);
}

void read_hsts(const Value& value, std::string& out) {
  constexpr Millis kYear = 365 * 24h;
  constexpr Millis kMost = 10 * kYear;
  Millis max_age = kYear;
  bool include_subdomains = false, preload = false, wanted = true;
  if (value.is_map()) {
    Map fields(value);
    fields.get("max_age").duration(max_age, 0ms, kMost); // 0 takes it back (RFC 6797 section 6.1.1)
    fields.get("include_subdomains").boolean(include_subdomains);
    fields.get("preload").boolean(preload);
    if (preload && (!include_subdomains || max_age < kYear))
      value.error("`preload` needs `include_subdomains: true` and a `max_age` of 365d or more");
  } else if (!value.words().empty() && value.words().front() >= '0' && value.words().front() <= '9') {
    value.duration(max_age, 0ms, kMost);
  } else if (const auto word = parse_boolean(value.words())) {
    wanted = *word;
  } else {
    return value.error(
        "`hsts` must be `true`, `false`, a time such as `365d`, or a map of `max_age`, `include_subdomains` and `preload`");
  }
  if (!value.present() || !wanted) return;
  out = "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(max_age).count());
  if (include_subdomains) out += "; includeSubDomains";
  if (preload) out += "; preload";
}

} // namespace ledgergate::settings
