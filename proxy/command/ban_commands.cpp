// `ledgergate bans` and `ledgergate unban`: what the running edge knows of failed logins, asked at the administrator's door.
#include "command/ask_admin.h"
#include "command/commands.h"
#include "observe/escape.h"
#include "settings/load.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate {
namespace {

using nlohmann::json;

struct BanOptions {
  std::string file = "/etc/ledgergate/ledgergate.yaml";
  std::string door;
  std::string address, account; // of which unban has one
  bool json = false;
};

constexpr int kNoBan = 3;
constexpr const char* kNotTheDoor = "what answers at {} is not the administrator's door of an edge\n";

// --admin, or what the settings name. None: said why.
std::optional<Endpoint> find_door(const BanOptions& options) {
  if (!options.door.empty()) {
    const auto door = Endpoint::parse(options.door);
    if (!door) fmt::print(stderr, "{} is no address of an administrator's door, such as 127.0.0.1:9443\n", options.door);
    return door;
  }
  const auto loaded = settings::load_file(options.file);
  if (!loaded.settings) {
    for (const auto& problem : loaded.problems)
      if (!problem.warning) fmt::print(stderr, "{}\n", problem.format());
    fmt::print(stderr, "these settings don't tell where the running edge has its administrator's door; --admin ADDRESS does\n");
    return std::nullopt;
  }
  const auto& door = loaded.settings->admin.address;
  if (!door)
    fmt::print(stderr,
               "{} opens no administrator's door, and it is the only way to ask the running edge: add\n"
               "  admin: {{ address: \"127.0.0.1:9443\" }}\n"
               "and reload it: systemctl reload ledgergate\n",
               options.file);
  return door;
}

json none() { return json(json::value_t::discarded); }

// Discarded: said why.
json ask(const Endpoint& door, const std::string& request_line) {
  std::string why;
  AdminAnswer answer;
  if (!ask_admin(door, request_line, answer, why)) {
    fmt::print(stderr, "{}\n", why);
    return none();
  }
  if (answer.status != 200) {
    std::string words;
    observe::append_visible(answer.body, words);
    fmt::print(stderr, "what answers at {} refuses ({}): {}\n", door.text(), answer.status, words);
    return none();
  }
  json said = json::parse(answer.body, nullptr, false);
  if (said.is_discarded()) fmt::print(stderr, kNotTheDoor, door.text());
  return said;
}

const json::string_t* text_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() ? found->get_ptr<const json::string_t*>() : nullptr;
}
const json::number_unsigned_t* number_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() ? found->get_ptr<const json::number_unsigned_t*>() : nullptr;
}

// An account is what a stranger wrote: nothing in it may disturb a terminal.
void append_account(const std::string& account, std::string& out) {
  if (account.empty())
    out += "(keys)";
  else
    observe::append_visible(account, out);
  out += '\n';
}

// One line of the table; false: not what an edge says.
bool append_ban(const json& ban, std::string& out) {
  const auto *address = text_of(ban, "address"), *account = text_of(ban, "account"), *client = text_of(ban, "client");
  const bool all = ban.contains("all_accounts");
  const auto *seconds = number_of(ban, "seconds"), *times = number_of(ban, "times");
  const auto ip = address != nullptr ? IpAddress::parse(*address) : std::nullopt;
  if (!ip || (account == nullptr && !all) || seconds == nullptr || times == nullptr) return false;
  fmt::format_to(std::back_inserter(out), "{:<39}  {:>8}  {:>5}  ", ip->text(), *seconds, *times);
  if (all)
    out += "(all that did not log in lately)\n";
  else
    append_account(*account, out);
  if (client == nullptr) return true;
  out.back() = ' ';
  out += "(with the certificate of ";
  observe::append_visible(*client, out);
  out += ")\n";
  return true;
}
bool append_slowed(const json& slowed, std::string& out) {
  const auto* account = text_of(slowed, "account");
  const auto *seconds = number_of(slowed, "seconds"), *failures = number_of(slowed, "failures");
  if (account == nullptr || seconds == nullptr || failures == nullptr) return false;
  fmt::format_to(std::back_inserter(out), "{:<39}  {:>8}  {:>5}  ", "(slowed down, from anywhere)", *seconds, *failures);
  append_account(*account, out);
  return true;
}

int list(const BanOptions& options) {
  const auto door = find_door(options);
  if (!door) return kExitSettings;
  const json said = ask(*door, "GET /bans");
  if (said.is_discarded()) return kExitRuntime;
  std::string table = fmt::format("{:<39}  {:>8}  {:>5}  {}\n", "ADDRESS", "SECONDS", "TIMES", "ACCOUNT");
  bool good = said.is_array();
  for (const json& each : said)
    good = good && each.is_object() && (each.contains("slowed") ? append_slowed(each, table) : append_ban(each, table));
  if (!good) {
    fmt::print(stderr, kNotTheDoor, door->text());
    return kExitRuntime;
  }
  if (options.json)
    fmt::print("{}\n", said.dump(1, ' ', true, json::error_handler_t::replace)); // all but ASCII escaped: it may be a terminal
  else
    fmt::print("{}", said.empty() ? "nobody is banned\n" : table);
  return kExitFine;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  return out;
}

// What DELETE did; discarded: said why.
json lifted(const Endpoint& door, const std::string& target) {
  json said = ask(door, "DELETE " + target);
  if (!said.is_discarded() && number_of(said, "lifted") == nullptr) {
    fmt::print(stderr, kNotTheDoor, door.text());
    return none();
  }
  return said;
}

// "eshop, warehouse"; "" where there are none.
std::string names_of(const json& said, const char* key) {
  std::string out;
  const auto found = said.find(key);
  if (found == said.end() || !found->is_array()) return out;
  for (const json& each : *found) {
    const auto* const name = each.get_ptr<const json::string_t*>();
    if (name == nullptr) continue;
    if (!out.empty()) out += ", ";
    observe::append_visible(*name, out);
  }
  return out;
}

int lift_account(const BanOptions& options) {
  const auto door = find_door(options);
  if (!door) return kExitSettings;
  const json said = lifted(*door, "/bans?account=" + percent_encoded(options.account));
  if (said.is_discarded()) return kExitRuntime;
  std::string shown;
  observe::append_visible(options.account, shown);
  if (*number_of(said, "lifted") == 0) {
    fmt::print("{} is not slowed down (a ban is lifted by its address).\n", shown);
    return kNoBan;
  }
  fmt::print("{} is slowed down no more.\n", shown);
  return kExitFine;
}

int lift(const BanOptions& options) {
  if (!options.account.empty()) return lift_account(options);
  const auto ip = IpAddress::parse(options.address);
  if (!ip) {
    std::string shown;
    observe::append_visible(options.address, shown);
    fmt::print(stderr, "{} is not an address (`ledgergate bans` shows those that are banned; --account NAME lifts an account's)\n",
               shown);
    return kExitSettings;
  }
  const auto door = find_door(options);
  if (!door) return kExitSettings;
  const json said = lifted(*door, "/bans/" + ip->text());
  if (said.is_discarded()) return kExitRuntime;
  const std::string freed = names_of(said, "freed"), slowed = names_of(said, "slowed");
  const bool banned = *number_of(said, "lifted") != 0;
  if (banned)
    fmt::print("{} may log in again.\n", ip->text());
  else
    fmt::print("{} is not banned.\n", ip->text());
  if (!freed.empty()) fmt::print("What it had tried is slowed down no more: {}\n", freed);
  if (!slowed.empty()) fmt::print("Still slowed down, because others tried it, too (unban --account lifts that): {}\n", slowed);
  return banned || !freed.empty() ? kExitFine : kNoBan;
}

void add_common(CLI::App& command, BanOptions& options) {
  command.add_option("-c,--config", options.file, "The settings file, which names the administrator's door")->capture_default_str();
  command.add_option("--admin", options.door, "The administrator's door, when no settings are to be read");
}

} // namespace

void add_ban_commands(CLI::App& app, Deed& chosen) {
  const auto options = std::make_shared<BanOptions>();
  CLI::App* bans = add_deed(app, "bans", "Show who is locked out after failed logins, at the running edge", options, chosen, list);
  add_common(*bans, *options);
  bans->add_flag("--json", options->json, "As JSON");
  CLI::App* unban = add_deed(app, "unban", "Let an address log in again, or an account that is slowed down", options, chosen, lift);
  CLI::Option_group* who = unban->add_option_group("Who");
  who->add_option("ADDRESS", options->address, "As `ledgergate bans` shows it (IPv6: any of its /64)");
  who->add_option("--account", options->account, "An account that is slowed down, from wherever it is tried");
  who->require_option(1);
  add_common(*unban, *options);
}

} // namespace ledgergate
