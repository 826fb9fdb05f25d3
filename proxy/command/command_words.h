// What is said of a mistyped command or option.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ledgergate {

// "unknown command `chek` (did you mean `check`?)": of the first word on the command line that should be a command and is none,
// else of the first that is like an option of the command; "" where all of them are known.
[[nodiscard]] std::string unknown_command(const CLI::App& app, int argc, const char* const* argv);

} // namespace ledgergate
