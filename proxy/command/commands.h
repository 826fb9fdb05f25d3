// Sub-commands that do one thing and end: flags, and words for people. What changes files is in enrol/; what asks the running edge
// goes through the administrator's door.
#pragma once

#include "process/server.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace ledgergate {

// What the command line chose; it is run when all of the line is read, and returns the exit code.
using Deed = std::function<int()>;

// `under`'s sub-command `name`: chooses `deed`, which is given the options that the command line filled. They live as long as it.
template <class Options>
CLI::App* add_deed(CLI::App& under, const char* name, const char* about, const std::shared_ptr<Options>& options, Deed& chosen,
                   std::function<int(const std::type_identity_t<Options>&)> deed) {
  CLI::App* command = under.add_subcommand(name, about);
  command->callback([options, &chosen, deed = std::move(deed)] { chosen = [options, deed] { return deed(*options); }; });
  return command;
}

// Says on stderr why `command` ("cert") ends without its work done; gives `code` back, one of server.h.
int fail(const char* command, const std::string& why, int code = kExitRuntime);
// How `command` ends when its deed is done: 0, or with the words why audit.log has not all of it, or why its own words are lost and
// what to do then (`lost`; "": nothing).
int done(const char* command, const std::string& unaudited, const std::string& lost = "");
// Before anything is opened: where stdout is closed a file that is opened would take its place, and be given the words.
void keep_stdout_apart() noexcept;
// Seconds since 1970.
[[nodiscard]] std::int64_t unix_now() noexcept;

// `ledgergate cert`: a CA of one's own, and what it issues.
void add_cert_commands(CLI::App& app, Deed& chosen);
// `ledgergate client`: clients with API keys.
void add_client_commands(CLI::App& app, Deed& chosen);
// `ledgergate bans` and `ledgergate unban`.
void add_ban_commands(CLI::App& app, Deed& chosen);

} // namespace ledgergate
