#include "command/commands.h"

#include <cstdio>
#include <ctime>

#include <fmt/format.h>

namespace ledgergate {

int fail(const char* command, const std::string& why, int code) {
  fmt::print(stderr, "ledgergate {}: {}\n", command, why);
  return code;
}

int done(const char* command, const std::string& unaudited) {
  if (unaudited.empty()) return kExitFine;
  return fail(command, unaudited + "; what is said above is done all the same, and the journal has it");
}

std::int64_t unix_now() noexcept { return static_cast<std::int64_t>(std::time(nullptr)); }

} // namespace ledgergate
