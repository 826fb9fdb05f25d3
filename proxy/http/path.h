// Whether a path stays where it says it is, in every reading a server could give it (docs/paths.md).
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace ledgergate::http {

// Fills `decoded` with the path percent-decoded once, and says whether it is a plain one (path_readings.h). Errors: bad_target. May
// throw std::bad_alloc while `decoded` still grows.
[[nodiscard]] Result<void> read_path(std::string_view path, std::string& decoded, bool& plain);

} // namespace ledgergate::http
