// How servers may read a path: what a request for it could mean to any of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::fuzz {

// Every reading of the percent-encoded `path`: decoded once, twice and three times, each with overlong UTF-8 taken for what it
// would mean, with '\' for '/', without ';' parameters and behind ':', without dots and blanks at the ends of names, and without
// all of these; once with the encoded slashes left as they are; dot segments resolved and empty segments left out. Without the
// query. A path that climbs above its root reads as "..".
[[nodiscard]] std::vector<std::vector<std::string>> readings(std::string_view path);

} // namespace ledgergate::fuzz
