// Names of operations and commands, and patterns of them: what a route allows, and which of a server's commands read and write.
#include "settings/known_operations.h"
#include "settings/sections.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

// XML local names and ApiComPrem's command names as the vendors use them (docs/vendors.md).
bool good_pattern(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '*';
  });
}

bool is_group_in_capitals(std::string_view word) {
  const std::string low = lower(word);
  return word != low && (low == "read" || low == "write");
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

// A client may come to servers of both kinds: what one of them has is a name.
void look_at_client_operations(const Value& list, const Draft& draft) {
  if (!list.present()) return;
  const auto& servers = draft.settings.servers;
  for (const Value& item : list.items()) {
    const std::string_view word = item.words();
    if (word.empty() || !good_pattern(word)) continue;
    std::string mistake;
    bool fits = false;
    for (const Profile profile : {Profile::mserver, Profile::apicomprem}) {
      Commands commands;
      bool there = draft.clients_alone;
      for (const Server& server : servers) {
        if (server.profile != profile) continue;
        there = true;
        commands.out.insert(commands.out.end(), server.commands.out.begin(), server.commands.out.end());
        commands.in.insert(commands.in.end(), server.commands.in.begin(), server.commands.in.end());
      }
      if (!there) continue;
      const std::string found = operation_mistake(profile, word, commands);
      fits = fits || found.empty();
      if (mistake.empty()) mistake = found;
    }
    if (!fits && !mistake.empty()) item.warning(mistake);
  }
}

void read_operations(const Value& list, const Draft& draft, Route& route) {
  read_patterns(list, "`operations` is empty: nothing would be allowed; leave it out for all", route.operations);
  for (const std::string& word : route.operations)
    if (is_group_in_capitals(word)) list.error(quote(word) + " is a name here; the group is `" + lower(word) + '`');
  if (!list.present() || route.server >= draft.settings.servers.size()) return;
  const Profile profile = draft.settings.servers[route.server].profile;
  if (profile != Profile::mserver && profile != Profile::apicomprem)
    return list.error("`operations` is for mserver and apicomprem: what is asked of other servers is not read");
  if (profile == Profile::mserver &&
      std::find(route.operations.begin(), route.operations.end(), "select") != route.operations.end())
    list.error("`select` is ApiComPrem's raw SQL; an mserver has none");
  const Commands& commands = draft.settings.servers[route.server].commands;
  for (const Value& item : list.items()) {
    const std::string_view word = item.words();
    if (word.empty() || word == "select" || !good_pattern(word) || is_group_in_capitals(word)) continue;
    if (std::string mistake = operation_mistake(profile, word, commands); !mistake.empty()) item.warning(std::move(mistake));
  }
}

} // namespace ledgergate::settings
