// Sub-commands that do one thing and end: flags, and words for people. What changes files is in enrol/; what asks the running edge
// goes through the administrator's door.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace ledgergate {

// What the command line chose; it is run when all of the line is read, and returns the exit code.
using Deed = std::function<int()>;

// `ledgergate cert`: a CA of one's own, and what it issues.
void add_cert_commands(CLI::App& app, Deed& chosen);
// `ledgergate client`: clients with API keys.
void add_client_commands(CLI::App& app, Deed& chosen);
// `ledgergate bans` and `ledgergate unban`.
void add_ban_commands(CLI::App& app, Deed& chosen);

} // namespace ledgergate
