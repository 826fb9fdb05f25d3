// Sub-commands that change files and end: flags, and words for people. What they do is in enrol/.
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

} // namespace ledgergate
