// `ledgergate run --to …`: a whole config from a few flags.
#include "settings/load.h"

#include "settings/same_server.h"
#include "settings/sections.h"
#include "settings/suggest.h"
#include "settings/url.h"

#include <system_error>
#include <utility>

namespace ledgergate::settings {
namespace {

// Gathers mistakes under the name of the flag they belong to.
class Flags {
public:
  void error(std::string flag, std::string text) { add(std::move(flag), std::move(text), false); }
  void warning(std::string flag, std::string text) { add(std::move(flag), std::move(text), true); }
  void file(const std::string& flag, const std::string& path) {
    std::error_code failure;
    if (path.empty()) return;
    if (!std::filesystem::exists(path, failure))
      error(flag, "the file " + quote(path) + " does not exist");
    else if (!std::filesystem::is_regular_file(path, failure))
      error(flag, quote(path) + " is not a file");
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] std::vector<Problem> take() { return std::exchange(problems_, {}); }

private:
  void add(std::string flag, std::string text, bool warning) {
    failed_ = failed_ || !warning;
    problems_.push_back({std::move(flag), 0, 0, std::move(text), warning});
  }
  std::vector<Problem> problems_;
  bool failed_ = false;
};

// Who shows a certificate stands before another edge, as a branch. That one has the line, the spool and the hold; here they would
// only be in the way twice: a second line in front of it, in which one till waits for the other's import that the edge would let
// pass by. What is left is to wait longer than the edge does (its wait for a turn, then for the reply), so that it is the edge,
// which knows, that says what became of a request.
void make_branch(Server& server) {
  constexpr Millis kMargin{60'000};
  server.concurrency = 0;
  server.spool = SpoolChoice::off;
  server.timeouts.reply += server.queue.wait + kMargin;
}

Server read_to(const CommandLine& options, Flags& flags) {
  std::string_view url = options.to;
  std::string_view word = "http";
  const std::size_t equals = url.find('=');
  if (equals != std::string_view::npos &&
      url.find_first_of(":/@") > equals) { // else the '=' is inside a URL, and so not ours to repeat
    word = url.substr(0, equals);
    url.remove_prefix(equals + 1);
  }
  Profile profile = Profile::http;
  bool known = false;
  std::vector<std::string> words;
  for (const auto& [name, value] : kProfiles) {
    words.emplace_back(name);
    if (name != word) continue;
    profile = value;
    known = true;
  }
  if (!known)
    flags.error("--to", "there is no profile " + quote(word) + did_you_mean(word, words) + "; write PROFILE=URL or just URL");
  Server server = with_profile_defaults(profile);
  server.name = word;
  Url parsed;
  if (const std::string mistake = parse_url(url, parsed); !mistake.empty())
    flags.error("--to", "the URL of the server: " + mistake);
  server.https = parsed.https;
  server.place = place_of(parsed.host, parsed.port);
  server.host = parsed.host;
  server.port = parsed.port;
  server.authority = parsed.authority;

  flags.file("--upstream-ca", options.upstream_ca);
  flags.file("--client-cert", options.client_certificate);
  flags.file("--client-key", options.client_key);
  server.tls.ca = options.upstream_ca;
  if (!options.client_certificate.empty()) {
    server.tls.client_certificate =
        CertificateFiles{options.client_certificate, options.client_key.empty() ? options.client_certificate : options.client_key};
    make_branch(server);
  } else if (!options.client_key.empty()) {
    flags.error("--client-key", "needs its certificate: add --client-cert FILE");
  }
  if (!parsed.host.empty() && !parsed.https) {
    if (!options.upstream_ca.empty()) flags.error("--upstream-ca", "has no meaning for an http:// server");
    if (!options.client_certificate.empty()) flags.error("--client-cert", "has no meaning for an http:// server");
  }
  return server;
}

Listener read_listen(const CommandLine& options, Flags& flags) {
  Listener listener;
  const auto endpoint = Endpoint::parse(options.listen);
  if (!endpoint)
    flags.error("--listen", quote(options.listen) +
                                " is not an address to listen on: write `:8443`, `127.0.0.1:8443`, `[::]:443` or `localhost:8443`");
  listener.address = endpoint.value_or(Endpoint{{false, {127, 0, 0, 1}}, 0});
  listener.name = listener.address.text();
  if (options.certificate.empty() != options.key.empty())
    flags.error(options.key.empty() ? "--cert" : "--key",
                options.key.empty() ? "needs its private key: add --key FILE" : "needs its certificate: add --cert FILE");
  flags.file("--cert", options.certificate);
  flags.file("--key", options.key);
  if (options.certificate.empty())
    listener.kind = ListenerKind::plain;
  else
    listener.certificates.push_back({options.certificate, options.key});
  if (endpoint && !endpoint->ip.loopback() && !options.anonymous)
    flags.error("--listen",
                "everyone who reaches " + listener.name +
                    " could use the server without saying who they are: add --anonymous if that is meant, or listen on 127.0.0.1:" +
                    std::to_string(endpoint->port));
  if (listener.kind == ListenerKind::plain && !is_local_network(listener.address.ip))
    flags.warning("--listen", "this serves without TLS on an address that is not private: add --cert and --key");
  return listener;
}

} // namespace

Loaded from_command_line(const CommandLine& options) {
  Flags flags;
  Settings settings;
  settings.servers.push_back(read_to(options, flags));
  settings.listeners.push_back(read_listen(options, flags));
  Route route;
  route.name = route.path;
  route.anonymous = true;
  settings.routes.push_back(std::move(route));
  Loaded out;
  if (!flags.failed()) out.settings = std::make_shared<const Settings>(std::move(settings));
  out.problems = flags.take();
  return out;
}

} // namespace ledgergate::settings
