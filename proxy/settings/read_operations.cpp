// Names of operations and commands, and patterns of them: what a route allows, and which of a server's commands read and write.
#include "settings/sections.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

// XML local names and ApiComPrem's command names as the vendors use them (vendor documents 001 and 004).
bool good_pattern(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '*';
  });
}

} // namespace

void read_patterns(const Value& list, std::string_view if_empty, std::vector<std::string>& out) {
  for (const Value& item : list.items(if_empty)) {
    std::string text;
    if (!item.text(text)) continue;
    if (!good_pattern(text))
      item.error(quote(text) + " is neither a name nor a pattern such as `listStock*`: letters, digits, `_`, `-`, `.` and `*`");
    else if (std::find(out.begin(), out.end(), text) != out.end())
      item.error(quote(text) + " is named twice");
    else
      out.push_back(std::move(text));
  }
}

void read_commands(const Value& map, Server& server) {
  Map fields(map);
  read_patterns(fields.get("out"), "", server.commands.out);
  const Value in = fields.get("in");
  read_patterns(in, "", server.commands.in);
  if (map.present() && server.profile != Profile::apicomprem) return map.error("`commands` is for apicomprem");
  const auto& out = server.commands.out;
  for (const std::string& name : server.commands.in) // without regard to case, as inspect/rules.h compares them
    if (std::any_of(out.begin(), out.end(), [&](const std::string& other) { return lower(other) == lower(name); }))
      in.error(quote(name) + " stands under `out` already: a command reads or writes");
}

void read_operations(const Value& list, const Draft& draft, Route& route) {
  read_patterns(list, "`operations` is empty: nothing would be allowed; leave it out for all", route.operations);
  for (const std::string& word : route.operations)
    if (const std::string low = lower(word); word != low && (low == "read" || low == "write"))
      list.error(quote(word) + " is a name here; the group is `" + low + '`');
  if (!list.present() || route.server >= draft.settings.servers.size()) return;
  const Profile profile = draft.settings.servers[route.server].profile;
  if (profile != Profile::mserver && profile != Profile::apicomprem)
    return list.error("`operations` is for mserver and apicomprem: what is asked of other servers is not read");
  if (profile == Profile::mserver &&
      std::find(route.operations.begin(), route.operations.end(), "select") != route.operations.end())
    list.error("`select` is ApiComPrem's raw SQL; an mserver has none");
}

} // namespace ledgergate::settings
