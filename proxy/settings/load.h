// YAML text -> Settings, or every mistake in it at once.
#pragma once

#include "settings/known_keys.h"
#include "settings/problem.h"
#include "settings/settings.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

struct Loaded {
  std::shared_ptr<const Settings> settings; // null when there is any problem that is not a warning
  std::vector<Problem> problems;            // in file order
};

// Reads and checks one file. Certificates and keys are checked by listen/, not here; that the files named exist is checked here.
[[nodiscard]] Loaded load_file(const std::string& path);
// The same from memory; `name` stands in the messages.
[[nodiscard]] Loaded load_text(std::string_view yaml, const std::string& name);

// What is wrong with a file of `clients_dir`, looked at by itself: without `credentials`, whose servers stand elsewhere.
[[nodiscard]] std::vector<Problem> check_clients(std::string_view yaml, const std::string& name);

// What `ledgergate run --to …` says without a file.
struct CommandLine {
  std::string to; // "mserver=http://192.168.0.10:444" or "http://…" (profile http)
  std::string listen = ":8443";
  std::string certificate, key;   // both or neither; neither: a plain listener
  std::string client_certificate; // PEM, presented to the server: this is a branch before another edge; empty: none
  std::string client_key;         // its key; empty: it stands in the same file
  std::string upstream_ca;        // PEM; empty: the system's store
  bool anonymous = false;         // needed when `listen` is not loopback
};
[[nodiscard]] Loaded from_command_line(const CommandLine& options);

} // namespace ledgergate::settings
