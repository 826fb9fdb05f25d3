// What is said of a mistyped command.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ledgergate {

// "unknown command `chek` (did you mean `check`?)": of the first word on the command line that should be a command and is none; ""
// where all of them are known.
[[nodiscard]] std::string unknown_command(const CLI::App& app, int argc, const char* const* argv);

} // namespace ledgergate
