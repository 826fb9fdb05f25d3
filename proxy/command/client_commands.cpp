#include "command/commands.h"

#include "enrol/client_files.h"
#include "process/service_unit.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace ledgergate {
namespace {

using enrol::ClientFiles;
using enrol::Rotation;

struct ClientOptions {
  std::string directory = enrol::kClientsDirectory;
  enrol::NewClient client;
  bool finish = false, undo = false;
};

constexpr const char* kCommand = "client";

std::optional<ClientFiles> open(const ClientOptions& options, bool make, std::string& why) {
  const ServiceUnit unit = read_service_unit("/");
  return ClientFiles::open(options.directory, make, why, {unit.user, unit.group});
}

// How a command ends whose deed is done.
int done(const ClientFiles& files, const std::string& lost = "") {
  if (!files.doubt().empty()) fmt::print(stderr, "ledgergate {}: warning: {}\n", kCommand, files.doubt());
  return ledgergate::done(kCommand, files.unaudited(), lost);
}

void tell_reload() { fmt::print("It counts from the next reload on: systemctl reload ledgergate\n"); }

void tell_key(const enrol::Secret& key) {
  fmt::print("The key, which is shown now and never again, for the header X-Edge-Key or as the password of Basic:\n  {}\n",
             key.text());
}

int add_one(const ClientOptions& options) {
  std::string why;
  auto files = open(options, true, why);
  if (!files) return fail(kCommand, why);
  const auto key = files->add(options.client, unix_now(), why);
  if (!key) return fail(kCommand, why);
  tell_key(*key);
  fmt::print("In the edge's settings `clients_dir: {}` (once), and {} in `clients` of a route.\n", options.directory,
             options.client.name);
  tell_reload();
  return done(*files, "the key was not shown, and nobody has it: ledgergate client rotate " + options.client.name +
                          ", then rotate --finish");
}

int list(const ClientOptions& options) {
  std::string why;
  const auto clients = ClientFiles::list(options.directory, why);
  if (!clients) return fail(kCommand, why);
  std::size_t width = 4;
  for (const auto& each : *clients) width = std::max(width, each.name.size());
  fmt::print("{:<{}}  {:<8}  {:<7}  {:<6}  {:<10}  {}\n", "NAME", width, "STATE", "KEYS", "CLASS", "UNTIL", "FROM");
  bool good = true;
  for (const auto& each : *clients) {
    good = good && each.mistake.empty();
    if (!each.mistake.empty()) {
      fmt::print("{:<{}}  {:<8}  {}\n", each.name, width, "broken", each.mistake);
      continue;
    }
    const std::string_view keys = each.keys == 0 ? "none" : each.keys == 1 ? "one" : "old+new";
    const auto or_dash = [](const std::string& word) { return word.empty() ? std::string_view("-") : std::string_view(word); };
    fmt::print("{:<{}}  {:<8}  {:<7}  {:<6}  {:<10}  {}\n", each.name, width, each.disabled ? "disabled" : "active", keys,
               or_dash(each.turn_class), or_dash(each.valid_until), or_dash(each.from));
  }
  const int shown = ledgergate::done(kCommand, "");
  return good ? shown : kExitRuntime;
}

int set_disabled(const ClientOptions& options, bool disabled) {
  std::string why;
  auto files = open(options, false, why);
  if (!files || !files->set_disabled(options.client.name, disabled, unix_now(), why)) return fail(kCommand, why);
  fmt::print("{} is {}.\n", options.client.name, disabled ? "disabled" : "enabled");
  tell_reload();
  return done(*files);
}

int rotate(const ClientOptions& options) {
  std::string why;
  auto files = open(options, false, why);
  if (!files) return fail(kCommand, why);
  const Rotation rotation = options.finish ? Rotation::finish : options.undo ? Rotation::undo : Rotation::begin;
  const auto key = files->rotate(options.client.name, rotation, unix_now(), why);
  if (!key) return fail(kCommand, why);
  if (rotation == Rotation::begin) {
    tell_key(*key);
    fmt::print("The old one stays good. When the new one is in use: ledgergate client rotate {} --finish\n", options.client.name);
  } else {
    fmt::print("{} has one key again: the {} one.\n", options.client.name, rotation == Rotation::finish ? "new" : "old");
  }
  tell_reload();
  const std::string lost = "the new key was not shown, and nobody has it: ledgergate client rotate " + options.client.name +
                           " --undo, and then once more";
  return done(*files, rotation == Rotation::begin ? lost : "");
}

} // namespace

void add_client_commands(CLI::App& app, Deed& chosen) {
  CLI::App* client = app.add_subcommand("client", "Clients with API keys, in files of their own");
  client->require_subcommand(1);
  const auto options = std::make_shared<ClientOptions>();
  const auto add = [&](const char* name, const char* about, std::function<int(const ClientOptions&)> deed) {
    CLI::App* command = add_deed(*client, name, about, options, chosen, std::move(deed));
    command->add_option("--dir", options->directory, "What the settings call `clients_dir`")->capture_default_str();
    return command;
  };
  const auto name_of = [&](CLI::App* command) {
    command->add_option("NAME", options->client.name, "Small letters, digits, - _ and ., as eshop")->required();
  };

  CLI::App* command = add("add", "A new client and its key, which is shown once", add_one);
  name_of(command);
  command->add_option("--from", options->client.from, "Addresses and networks it may come from; anywhere when left out")
      ->allow_extra_args(false);
  command->add_option("--class", options->client.turn_class, "Its place in the line")
      ->check(CLI::IsMember({"high", "normal", "bulk"}));
  command
      ->add_option("--operations", options->client.operations, "What it may ask for, as on a route: names, patterns, read, write")
      ->allow_extra_args(false);
  command->add_option("--valid-until", options->client.valid_until, "The day from whose beginning (UTC) it is refused: 2027-01-01");

  add("list", "All of them: whether they are let in, from where, until when", list);

  name_of(add("disable", "Refuse it, and keep it", [](const auto& o) { return set_disabled(o, true); }));
  name_of(add("enable", "Let it in again", [](const auto& o) { return set_disabled(o, false); }));

  command = add("rotate", "A new key beside the old one; then --finish, and the old one is gone", rotate);
  name_of(command);
  CLI::Option* finish = command->add_flag("--finish", options->finish, "Take the old key away");
  command->add_flag("--undo", options->undo, "Take the new key away")->excludes(finish);
}

} // namespace ledgergate
