#include "commands.h"

#include <cstdio>
#include <ctime>

#include <fmt/format.h>

namespace ledgergate {

int fail(const char* command, const std::string& why, int code) {
  fmt::print(stderr, "ledgergate {}: {}\n", command, why);
  return code;
}

std::int64_t unix_now() noexcept { return static_cast<std::int64_t>(std::time(nullptr)); }

} // namespace ledgergate
