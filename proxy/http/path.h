// Whether a path stays where it says it is, in every reading a server could give it (DESIGN: law 8).
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace ledgergate::http {

// Fills `decoded` with the path percent-decoded once. Errors: bad_target. May throw std::bad_alloc while `decoded` still grows.
[[nodiscard]] Result<void> read_path(std::string_view path, std::string& decoded);

} // namespace ledgergate::http
