#include "command/commands.h"

#include "enrol/audit.h"
#include "enrol/authority.h"
#include "enrol/service_account.h"
#include "process/service_unit.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ledgergate {
namespace {

using enrol::Authority;
using enrol::Kind;

constexpr std::uint32_t kAuthorityDays = 20 * 365, kLongestDays = 40 * 365;
// What Apple's devices still take of a server of a private CA, for branches too.
constexpr std::uint32_t kUsualDays = 730;

struct CertOptions {
  std::string directory = enrol::kAuthorityDirectory;
  std::string authority = "Ledgergate branches";
  std::vector<std::string> names, sans;
  std::uint32_t days = kUsualDays, authority_days = kAuthorityDays;
  bool rsa = false, server = false, unheard_of = false;
  bool bundle = false, legacy = false, ask = false;
  std::string password_file;
};
using Shared = std::shared_ptr<CertOptions>;

constexpr const char* kCommand = "cert";

// None with words: it can't be had. None without: no bundle was asked for. `made`: nobody knows it yet.
std::optional<enrol::BundleWish> bundle_wish(const CertOptions& options, bool& made, std::string& why) {
  if (!options.bundle && !options.legacy && options.password_file.empty() && !options.ask) return std::nullopt;
  enrol::BundleWish wish;
  wish.strength = options.legacy ? enrol::BundleStrength::legacy : enrol::BundleStrength::modern;
  made = false;
  std::optional<enrol::Secret> given;
  if (!options.password_file.empty()) {
    given = enrol::password_from_file(options.password_file, why);
  } else if (options.ask) {
    given = enrol::password_from_terminal(why);
  } else {
    made = true;
    given = enrol::random_password();
    if (given->text().empty()) why = "there is no randomness for a password";
  }
  if (!why.empty()) return std::nullopt;
  wish.password = std::move(*given);
  return wish;
}

std::optional<Authority> open(const CertOptions& options, std::string& why) {
  auto authority = Authority::open(options.directory, unix_now(), why);
  if (!authority) return authority;
  std::vector<std::string> notes = authority->notes();
  const ServiceUnit unit = read_service_unit("/");
  for (const char* const file : {enrol::kAuthorityFile, enrol::kRevocationsFile})
    if (std::string doubt =
            enrol::reach_doubt(enrol::look_up({unit.user, unit.group}), std::filesystem::path(options.directory) / file);
        !doubt.empty())
      notes.push_back(std::move(doubt));
  for (const std::string& note : notes) fmt::print(stderr, "ledgergate {}: warning: {}\n", kCommand, note);
  return authority;
}

void tell(const enrol::Issued& issued, const enrol::BundleWish* bundle, bool password_made) {
  const enrol::Record& record = issued.record;
  const bool client = record.kind == Kind::client;
  fmt::print("{} has a certificate, valid until {}, serial {}\n", record.name, enrol::day_text(record.until), record.serial);
  fmt::print("  {}   certificate and key, for {}\n", issued.file.string(),
             client ? "curl, PHP and ledgergate run --client-cert" : "`chain` and `key` of a listener");
  if (!issued.bundle.empty()) fmt::print("  {}   the same for Windows and devices\n", issued.bundle.string());
  if (bundle != nullptr && password_made)
    fmt::print("  Its password, which is shown now and never again: {}\n", bundle->password.text());
  for (const enrol::Record& older : issued.older)
    fmt::print("The one before stays valid until {}. When the new one is in use: ledgergate cert revoke {}\n",
               enrol::day_text(older.until), older.serial);
  if (!client) {
    fmt::print("For the edge: install -o root -g ledgergate -m 0640 {} /etc/ledgergate/\n", issued.file.string());
    return;
  }
  if (!issued.older.empty()) return; // the settings know its name already
  fmt::print(
      "In the edge's settings, and then in `clients` of a route:\n  clients:\n    {}: {{ certificate: {{ san: \"{}\" }} }}\n",
      record.name, record.sans.front());
}

int make(const CertOptions& options, bool renew) {
  const bool server = options.server;
  std::string why;
  enrol::Wish wish;
  wish.kind = server ? Kind::server : Kind::client;
  wish.name = options.names.front();
  wish.sans = server && !renew ? options.names : options.sans;
  wish.days = options.days;
  wish.key = options.rsa ? enrol::KeyType::rsa : enrol::KeyType::ecdsa;
  if (const std::string mistake = server ? enrol::san_mistake(wish.name) : enrol::name_mistake(wish.name); !mistake.empty())
    return fail(kCommand, wish.name + ": " + mistake, kExitSettings);
  for (const std::string& san : wish.sans)
    if (const std::string mistake = enrol::san_mistake(san); !mistake.empty())
      return fail(kCommand, fmt::format("{}: {}", san, mistake), kExitSettings);
  bool password_made = false;
  wish.bundle = bundle_wish(options, password_made, why);
  if (!why.empty()) return fail(kCommand, why);
  auto authority = open(options, why);
  if (!authority) return fail(kCommand, why);
  const auto issued = renew ? authority->renew(wish, why) : authority->issue(wish, why);
  if (!issued) return fail(kCommand, why);
  tell(*issued, wish.bundle ? &*wish.bundle : nullptr, password_made);
  const std::string lost = "the password of " + issued->bundle.string() +
                           " was not shown, and nobody has it: ledgergate cert revoke " + issued->record.serial +
                           ", and then once more";
  return done(kCommand, authority->unaudited(), password_made ? lost : "");
}

int init(const CertOptions& options) {
  std::string why;
  const auto type = options.rsa ? enrol::KeyType::rsa : enrol::KeyType::ecdsa;
  if (options.authority.empty() || options.authority.size() > 64) return fail(kCommand, "--name has 1 to 64 bytes", kExitSettings);
  if (!Authority::create(options.directory, options.authority, options.authority_days, type, unix_now(), why))
    return fail(kCommand, why);
  const auto in = [&](const char* file) {
    return (std::filesystem::absolute(options.directory) / file).lexically_normal().string();
  };
  fmt::print("There is a CA now. In the edge's settings, on the listener that branches call:\n"
             "    client_ca: {}\n    client_crl: {}\n"
             "Keep a copy of {} in a safe place: whoever has it can be any branch.\n",
             in("ca.pem"), in("crl.pem"), in("private"));
  return done(kCommand, why);
}

int revoke(const CertOptions& options) {
  std::string why;
  auto authority = open(options, why);
  if (!authority) return fail(kCommand, why);
  const std::string& what = options.names.front();
  const auto revoked = options.unheard_of ? authority->revoke_unheard_of(what, why)
                                          : authority->revoke(options.server ? Kind::server : Kind::client, what, why);
  if (!revoked) return fail(kCommand, why);
  if (revoked->empty()) fmt::print("{} had no valid certificate any more.\n", options.names.front());
  for (const auto& each : *revoked) fmt::print("{} is revoked: serial {}\n", each.name, each.serial);
  fmt::print("A running edge that reads {} knows it within a second; no reload is needed.\n",
             (std::filesystem::path(options.directory) / "crl.pem").string());
  return done(kCommand, authority->unaudited());
}

// Opening the CA has put the list right where it had to be.
int renew_list(const CertOptions& options) {
  std::string why;
  const std::string doubt = Authority::doubt_of_list(options.directory, unix_now());
  const auto authority = open(options, why);
  if (!authority) return fail(kCommand, why);
  fmt::print("{}\n", doubt.empty() ? "The revocation list is good for another year and more: nothing was done."
                                   : "The revocation list was put right.");
  return done(kCommand, authority->unaudited());
}

int list(const CertOptions& options) {
  std::string why;
  const auto index = Authority::look(options.directory, why);
  if (!index) return fail(kCommand, why);
  std::size_t width = 4;
  for (const auto& each : index->records) width = std::max(width, each.name.size());
  fmt::print("{:<{}}  {:<6}  {:<10}  {:<9}  {}\n", "NAME", width, "FOR", "UNTIL", "STATE", "SERIAL");
  for (const auto& each : index->records)
    fmt::print("{:<{}}  {:<6}  {:<10}  {:<9}  {}\n", each.name, width, each.kind == Kind::client ? "client" : "server",
               enrol::day_text(each.until), enrol::state_of(each, unix_now()), each.serial);
  if (const std::string doubt = Authority::doubt_of_list(options.directory, unix_now()); !doubt.empty())
    return fail(kCommand, doubt);
  return done(kCommand, "");
}

void days_option(CLI::App* command, std::uint32_t& days) {
  command->add_option("--days", days, "How long it is valid")->capture_default_str()->check(CLI::Range(1U, kLongestDays));
}

void bundle_options(CLI::App* command, const Shared& options) {
  command->add_flag("--p12", options->bundle,
                    "A .p12 file too, for Windows and devices, under a password that is made and shown once");
  command->add_flag("--legacy-p12", options->legacy, "The same with 3DES and SHA-1, for Windows before 10 1709 and Server 2019");
  CLI::Option* file = command->add_option("--password-file", options->password_file,
                                          "The .p12's password is the first line of this file, which nobody else may read");
  command->add_flag("--ask-password", options->ask, "Ask at the terminal for the .p12's password")->excludes(file);
}

} // namespace

void add_cert_commands(CLI::App& app, Deed& chosen) {
  CLI::App* cert = app.add_subcommand("cert", "Certificates for branches, of a CA of your own");
  cert->require_subcommand(1);
  const auto options = std::make_shared<CertOptions>();
  const auto add = [&](const char* name, const char* about, std::function<int(const CertOptions&)> deed) {
    CLI::App* command = add_deed(*cert, name, about, options, chosen, std::move(deed));
    command->add_option("--dir", options->directory, "Where the CA is kept")->capture_default_str();
    return command;
  };
  const auto name_of = [&](CLI::App* command, const char* about) {
    command->add_option("NAME", options->names, about)->required()->allow_extra_args(false);
  };

  CLI::App* command = add("init-ca", "Make the CA, once", init);
  command->add_option("--name", options->authority, "What its certificate calls it")->capture_default_str();
  days_option(command, options->authority_days);
  command->add_flag("--rsa", options->rsa, "RSA 3072 in place of ECDSA P-256, for what is too old for it");

  command = add("issue", "A client certificate for a branch", [](const auto& o) { return make(o, false); });
  name_of(command, "The branch: small letters, digits, - _ and ., as till-brno");
  command->add_option("--san", options->sans, "Names in it, in place of NAME.branch.internal: DNS, e-mail, URI, address")
      ->allow_extra_args(false);
  days_option(command, options->days);
  command->add_flag("--rsa", options->rsa, "RSA 2048 in place of ECDSA P-256, for what is too old for it");
  bundle_options(command, options);

  command = add("renew", "A new certificate for a name that had one; the one before stays valid",
                [](const auto& o) { return make(o, true); });
  name_of(command, "As it was issued");
  command->add_flag("--server", options->server, "It is a server's");
  days_option(command, options->days);
  command->add_flag("--rsa", options->rsa, "RSA 2048 in place of ECDSA P-256");
  bundle_options(command, options);

  command = add("revoke", "Take certificates back; a running edge sees it within a second", revoke);
  name_of(command, "A name: all that it has; or one serial number");

  command->add_flag("--server", options->server, "The name is a server's");
  command->add_flag("--not-in-index", options->unheard_of,
                    "A serial number that the index does not know, because it was restored from a copy");

  add("crl", "The revocation list made anew, where it ends within a year or is not right; for a timer", renew_list);

  add("list", "What was issued: for whom, until when, and what became of it", list);

  command = add("server", "A server certificate, for an edge on a LAN that no public CA knows", [](const auto& o) {
    CertOptions server = o;
    server.server = true;
    return make(server, false);
  });
  command->add_option("NAME", options->names, "DNS names and addresses that it answers to")->required()->expected(1, 100);
  days_option(command, options->days);
  command->add_flag("--rsa", options->rsa, "RSA 2048 in place of ECDSA P-256");
}

} // namespace ledgergate
