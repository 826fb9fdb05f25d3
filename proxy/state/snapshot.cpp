#include "state/snapshot.h"

#include "listen/published_names.h"
#include "observe/log_target.h"
#include "profile/endpoints.h"
#include "route/pass_rules.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace ledgergate {
namespace {

listen::ListsInUse lists_of(const Snapshot* snapshot, const listen::ListMarks& known) {
  listen::ListsInUse out(known);
  for (std::size_t i = 0; snapshot != nullptr && i < snapshot->listeners.size(); ++i)
    if (snapshot->listeners[i].front != nullptr) out.add(snapshot->settings->listeners[i], *snapshot->listeners[i].front);
  return out;
}

// The same listener as it runs now, or null.
const ListenerRuntime* running(const Snapshot* before, const settings::Listener& listener) {
  if (before == nullptr) return nullptr;
  const auto& old = before->settings->listeners;
  const std::string key = door_key(listener);
  const auto same = std::find_if(old.begin(), old.end(), [&](const settings::Listener& each) { return door_key(each) == key; });
  return same == old.end() ? nullptr : &before->listeners[static_cast<std::size_t>(same - old.begin())];
}

// Read anew for every snapshot: a reload takes a changed password.
std::shared_ptr<const profile::Credentials> credentials_of(const std::string& file, settings::Profile profile,
                                                           const std::string& whose, SnapshotProblems& problems) {
  if (file.empty()) return nullptr;
  std::string why;
  auto read = profile::load_credentials(file, profile, why);
  if (!why.empty()) problems.errors.push_back(whose + ": credentials: " + why);
  return read;
}

// A server that is down stays down across a reload, unless another one takes its name. (HealthWatch brings the new rules.)
std::shared_ptr<upstream::Health> health_of(const Snapshot* before, const settings::Server& server) {
  if (before != nullptr) {
    const auto& old = before->settings->servers;
    for (std::size_t i = 0; i < old.size(); ++i)
      if (old[i].name == server.name && old[i].authority == server.authority) return before->health[i];
  }
  return std::make_shared<upstream::Health>(server);
}

// Whether a question to one is the same as to the other, and would find the same: one that fails by the settings of one name must
// not be the answer to those who ask by the other.
bool asked_alike(const settings::Server& a, const settings::Server& b) {
  const auto files = [](const settings::Server& server) {
    const auto& own = server.tls.client_certificate;
    return own ? own->chain.string() + '\n' + own->key.string() : std::string();
  };
  return a.place == b.place && a.https == b.https && a.tls.verify == b.tls.verify && a.tls.ca == b.tls.ca &&
         a.tls.name == b.tls.name && (!a.https || a.host == b.host) && files(a) == files(b);
}

std::shared_ptr<upstream::StatusBoard> board_in(const Snapshot& snapshot, const settings::Settings& settings,
                                                const settings::Server& server) {
  for (std::size_t i = 0; i < snapshot.boards.size(); ++i)
    if (snapshot.boards[i] && asked_alike(settings.servers[i], server)) return snapshot.boards[i];
  return nullptr;
}

// One question serves all names of a server; and what is known already serves those who ask after the reload, too.
std::shared_ptr<upstream::StatusBoard> board_of(const Snapshot& made, const settings::Settings& settings, const Snapshot* before,
                                                const settings::Server& server) {
  if (!profile::tells_status(server.profile)) return nullptr;
  auto board = board_in(made, settings, server);
  if (board == nullptr && before != nullptr) board = board_in(*before, *before->settings, server);
  return board != nullptr ? board : std::make_shared<upstream::StatusBoard>();
}

std::string choose_spool(const std::string& wanted, SnapshotProblems& problems) {
  if (::access(wanted.c_str(), W_OK | X_OK) == 0) return wanted;
  problems.warnings.push_back("spool directory " + wanted + " can't be written; /tmp is used");
  return "/tmp";
}

// "" or why challenges can't be read: whoever writes them may be another user.
std::string webroot_doubt(const settings::Listener& listener) {
  std::string path = listener.acme_webroot;
  for (const char* const next : {"", "/.well-known", "/acme-challenge"}) {
    path += next;
    if (::access(path.c_str(), X_OK) != 0 && errno == EACCES)
      return "listener " + listener.name + ": acme_webroot: " + path +
             " can't be read by the edge: Permission denied; run: chmod a+rx " + path;
  }
  return "";
}

} // namespace

std::string door_key(const settings::Listener& listener) {
  // Port 0 asks the kernel for a new port each time: then the name is what stays.
  return listener.address.port != 0 ? listener.address.text() : listener.address.text() + " " + listener.name;
}

std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const settings::Settings> settings, listen::TicketKeys& keys,
                                              upstream::TurnTable& turns, const Snapshot* before, SnapshotProblems& problems,
                                              const listen::ListMarks& known) {
  auto made = std::make_shared<Snapshot>();
  const listen::ListsInUse lists = lists_of(before, known);
  for (const auto& listener : settings->listeners) {
    ListenerRuntime runtime;
    const ListenerRuntime* now = running(before, listener);
    runtime.connections = now != nullptr ? now->connections : std::make_shared<std::atomic<std::uint32_t>>(0);
    if (listener.kind == settings::ListenerKind::https) {
      listen::CertificateProblems found;
      runtime.front = listen::TlsFront::make(listener, keys, found, lists, now != nullptr ? now->front.get() : nullptr);
      const std::string_view waits = !found.missing             ? ""
                                     : runtime.front != nullptr ? "; the listener goes on with the certificates it has"
                                                                : "; the listener stays closed until a reload finds it";
      runtime.enabled = runtime.front != nullptr;
      if (runtime.front != nullptr)
        for (std::string& doubt : listen::name_doubts(*settings, made->listeners.size(), runtime.front->shown()))
          found.warnings.push_back(std::move(doubt));
      for (const auto& text : found.warnings) problems.warnings.push_back("listener " + listener.name + ": " + text);
      auto& where = found.missing ? problems.warnings : problems.errors;
      for (const auto& text : found.errors) where.push_back("listener " + listener.name + ": " + text + std::string(waits));
    }
    if (!listener.acme_webroot.empty())
      if (std::string why = webroot_doubt(listener); !why.empty()) problems.errors.push_back(std::move(why));
    made->listeners.push_back(std::move(runtime));
  }
  for (const auto& server : settings->servers) {
    std::string why, warning;
    made->turns.push_back(turns.at(server.place, *settings));
    made->health.push_back(health_of(before, server));
    made->boards.push_back(board_of(*made, *settings, before, server));
    made->servers.push_back(upstream::ClientTls::make(server, why, warning));
    if (!why.empty()) problems.errors.push_back("server " + server.name + ": " + why);
    if (!warning.empty()) problems.warnings.push_back("server " + server.name + ": " + warning);
    made->server_credentials.push_back(credentials_of(server.credentials, server.profile, "server " + server.name, problems));
  }
  for (const auto& route : settings->routes)
    made->route_credentials.push_back(
        credentials_of(route.credentials, settings->servers[route.server].profile, "route " + route.name, problems));
  if (std::none_of(made->listeners.begin(), made->listeners.end(), [](const ListenerRuntime& each) { return each.enabled; }))
    problems.errors.emplace_back("no listener can be opened");
  for (const auto& client : settings->clients) {
    auto& own = made->client_credentials.emplace_back();
    for (const auto& [server, file] : client.credentials)
      own.emplace_back(server, credentials_of(file, settings->servers[server].profile, "client " + client.name, problems));
  }
  made->directory = client::Directory::make(*settings, problems.errors, problems.warnings);
  made->prefixes = route::make_prefixes(*settings);
  for (auto& text : route::doubtful_passes(*settings)) problems.warnings.push_back(std::move(text));
  for (auto& text : route::unreachable(*settings)) problems.warnings.push_back(std::move(text));
  for (auto& text : route::indistinct(*settings, made->prefixes)) problems.warnings.push_back(std::move(text));
  if (std::string why = observe::LogTarget::doubt(settings->log.access); !why.empty()) problems.errors.push_back(std::move(why));
  made->spool_directory = choose_spool(settings->spool.directory, problems);
  made->settings = std::move(settings);
  if (!problems.errors.empty()) return nullptr;
  return made;
}

std::shared_ptr<const Snapshot> renew_lists(const Snapshot& before, listen::TicketKeys& keys, SnapshotProblems& problems,
                                            const listen::ListMarks& known) {
  auto made = std::make_shared<Snapshot>(before);
  const listen::ListsInUse lists = lists_of(&before, known);
  bool changed = false;
  for (std::size_t i = 0; i < made->listeners.size(); ++i) {
    const settings::Listener& listener = made->settings->listeners[i];
    if (made->listeners[i].front == nullptr) continue;
    listen::CertificateProblems found;
    auto next = made->listeners[i].front->renew(listener, keys, found, lists);
    for (const auto& text : found.warnings) problems.warnings.push_back("listener " + listener.name + ": " + text);
    for (const auto& text : found.errors) problems.errors.push_back("listener " + listener.name + ": " + text);
    if (next == nullptr) continue;
    made->listeners[i].front = std::move(next);
    changed = true;
  }
  return changed ? made : nullptr;
}

listen::ListMarks newest_lists(const Snapshot& now, const listen::ListMarks& known) { return lists_of(&now, known).newest(); }

std::vector<std::string> certificate_changes(const Snapshot* before, const Snapshot& now) {
  // Sorted: by listener, and as often as a listener has it.
  const auto facts_of = [](const Snapshot* snapshot) {
    std::vector<std::string> out;
    for (std::size_t i = 0; snapshot != nullptr && i < snapshot->listeners.size(); ++i)
      if (snapshot->listeners[i].front != nullptr)
        for (const std::string& fact : snapshot->listeners[i].front->facts())
          out.push_back("listener=" + snapshot->settings->listeners[i].name + ' ' + fact);
    std::sort(out.begin(), out.end());
    return out;
  };
  const auto old = facts_of(before), current = facts_of(&now);
  std::vector<std::string> gone, come;
  std::set_difference(old.begin(), old.end(), current.begin(), current.end(), std::back_inserter(gone));
  std::set_difference(current.begin(), current.end(), old.begin(), old.end(), std::back_inserter(come));
  std::vector<std::string> out;
  for (const std::string& each : gone) out.push_back("no longer in use: " + each);
  for (const std::string& each : come) out.push_back("in use: " + each);
  return out;
}

} // namespace ledgergate
