// What is said of a key that is not known where it stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

// "unknown key `hours`: it belongs to `servers{}.hours`". `map`: the path of the map that it stands in, as in known_keys();
// `known`: the keys of that.
[[nodiscard]] std::string unknown_key(std::string_view key, std::string_view map, const std::vector<std::string>& known);

} // namespace ledgergate::settings
