#pragma once

#include <string>
#include <vector>

namespace ledgergate::settings {

// Every key the loader reads, as "listen[].certificates[].chain"; for the test that holds config/ledgergate.schema.json to it.
[[nodiscard]] std::vector<std::string> known_keys();

} // namespace ledgergate::settings
