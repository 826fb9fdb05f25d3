// Flags and sub-commands only; what they do is in server.h, and for those that change files in commands.h.
#include "command/check.h"
#include "command/command_words.h"
#include "command/commands.h"
#include "io/openssl_memory.h"
#include "process/server.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using ledgergate::settings::CommandLine;

struct Options {
  std::string file, user;
  std::vector<std::string> explained;
  ledgergate::Question question;
  CommandLine line;
};

ledgergate::Loader loader(const Options& options) {
  if (!options.line.to.empty()) return [&options] { return ledgergate::settings::from_command_line(options.line); };
  return [&options] { return ledgergate::settings::load_file(options.file); };
}

constexpr const char* kDefaultFile = "/etc/ledgergate/ledgergate.yaml";

} // namespace

int main(int argc, char** argv) {
  ledgergate::io::keep_openssl_buffers();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN); // log rotation may come before the start is done, or meet `ledgergate check` in the same unit
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a full disk (LimitFSIZE=), not an end of all requests
  CLI::App app{"Ledgergate: a secure front door for accounting servers (POHODA mServer, Premier ApiComPrem, 1C)"};
  app.set_version_flag("--version", "ledgergate " LEDGERGATE_VERSION);
  app.require_subcommand(1);
  Options options;
  options.file = kDefaultFile;

  CLI::App* run = app.add_subcommand("run", "Serve, in the foreground, until SIGTERM; SIGHUP reloads");
  run->add_option("-c,--config", options.file, "The settings file")->capture_default_str();
  CLI::Option* to = run->add_option("--to", options.line.to,
                                    "Serve without a file: [PROFILE=]URL of the server, as mserver=http://192.168.0.10:444");
  run->add_option("--listen", options.line.listen, "Where to listen, with --to")->capture_default_str()->needs(to);
  run->add_option("--cert", options.line.certificate, "Certificate chain (PEM), with --to; without it plain HTTP is served")
      ->needs(to);
  run->add_option("--key", options.line.key, "Its key (PEM)")->needs(to);
  CLI::Option* client_cert =
      run->add_option("--client-cert", options.line.client_certificate,
                      "Certificate and key (PEM) shown to the server: a branch before another edge (`ledgergate cert issue`)")
          ->needs(to);
  run->add_option("--client-key", options.line.client_key, "Its key (PEM), when it is not in the same file")->needs(client_cert);
  run->add_option("--upstream-ca", options.line.upstream_ca, "CA (PEM) that the server's certificate is checked against")
      ->needs(to);
  run->add_flag("--anonymous", options.line.anonymous, "Let everybody in, on an address that others can reach")->needs(to);

  CLI::App* check = app.add_subcommand("check", "Read the settings and certificates, say all that is wrong with them, and exit");
  check->add_option("-c,--config", options.file, "The settings file")->capture_default_str();

  check->add_option(
      "--user", options.user,
      "For root: judge what this user may read, in place of the unit's (User= of ledgergate.service, else ledgergate)");

  CLI::Option* explain = check
                             ->add_option("--explain", options.explained,
                                          "Tell which route, rules and server such a request meets, and why: METHOD URL")
                             ->expected(2)
                             ->type_name("METHOD URL");
  check->add_option("--client", options.question.client, "As this client, with all that it can prove")->needs(explain);
  check->add_option("--from", options.question.from, "From this address")->needs(explain);

  ledgergate::Deed deed;
  ledgergate::add_cert_commands(app, deed);
  ledgergate::add_client_commands(app, deed);
  ledgergate::add_ban_commands(app, deed);

  if (const std::string unknown = ledgergate::unknown_command(app, argc, argv); !unknown.empty()) {
    std::fprintf(stderr, "ledgergate: %s\n", unknown.c_str());
    return ledgergate::kExitSettings;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ledgergate::kExitFine : ledgergate::kExitSettings;
  }
  if (deed) {
    ledgergate::keep_stdout_apart();
    return deed();
  }
  const ledgergate::Loader load = loader(options);
  if (!check->parsed()) return ledgergate::run(load);
  if (!options.explained.empty()) {
    options.question.method = options.explained[0];
    options.question.url = options.explained[1];
  }
  return ledgergate::check(load, options.file, options.user, options.question);
}
